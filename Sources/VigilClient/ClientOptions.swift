/// How a client behaves; every limit has a name.
public struct ClientOptions: Sendable {
    /// Daemons that answer alike: tried in turn.
    public var endpoints: [String]
    /// Longest time a call may take, retries included.
    public var timeoutMilliseconds = 60_000
    /// Longest time one attempt may take before another is made.
    public var attemptMilliseconds = 20_000
    /// Most attempts of a call.
    public var maximumAttempts = 200
    /// Shortest and longest pause before another attempt.
    public var pauseMilliseconds = 5...1000
    /// Calls in flight at once; more wait their turn.
    public var maximumInFlight = 1024

    /// Options for these endpoints.
    public init(endpoints: [String]) {
        precondition(!endpoints.isEmpty)
        self.endpoints = endpoints
    }
}
