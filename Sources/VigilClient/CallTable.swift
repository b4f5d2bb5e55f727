internal import Lanes
internal import Messages
package import Wire

/// Calls of a client on their way: a state machine without sockets or threads.
///
/// Mutate, take the action it returns, act. Scoring is idempotent, so a call whose daemon was
/// lost is simply made again.
package struct CallTable {
    /// Hands the outcome to whoever waits.
    package typealias Finish = @Sendable (Result<DecodedReply, ClientError>) -> Void

    /// One call.
    package struct Call {
        var request: EncodedRequest
        let end: UInt64
        let finish: Finish
        var attempts = 0
        var endpoint = 0
        /// When the attempt under way is given up, or the next one may begin.
        var due: UInt64 = 0
        var isSent = false
        var lastRefusal: Refusal?

        /// A call that ends with `finish`, at the latest at `end`.
        package init(request: EncodedRequest, end: UInt64, finish: @escaping Finish) {
            self.request = request
            self.end = end
            self.finish = finish
        }
    }

    private let options: ClientOptions
    private var calls: [UInt64: Call] = [:]
    private var random = SystemRandomNumberGenerator()

    /// A table for a client's options.
    package init(options: ClientOptions) {
        self.options = options
    }

    /// Calls under way.
    package var count: Int { calls.count }

    /// Takes a call in; it may be sent at once.
    package mutating func add(_ call: Call, id: UInt64) {
        calls[id] = call
    }

    /// Calls to send now, with their endpoints.
    package func sendable(now: UInt64) -> [(id: UInt64, endpoint: Int)] {
        calls.compactMap { id, call in
            !call.isSent && call.due <= now ? (id, call.endpoint) : nil
        }
    }

    /// What a call sends, or nil when it has ended.
    package func request(_ id: UInt64) -> EncodedRequest? { calls[id]?.request }

    /// A call was handed to the network.
    package mutating func sent(_ id: UInt64, now: UInt64) {
        calls[id]?.isSent = true
        calls[id]?.attempts += 1
        calls[id]?.due = now + UInt64(options.attemptMilliseconds) * 1_000_000
    }

    /// A call could not be handed to the network: try the next endpoint soon.
    package mutating func unsent(_ id: UInt64, now: UInt64) {
        guard let call = calls[id] else { return }
        calls[id]?.endpoint = (call.endpoint + 1) % options.endpoints.count
        calls[id]?.due = now + UInt64(options.pauseMilliseconds.lowerBound) * 1_000_000
    }

    /// A reply came.
    ///
    /// Unknown ids are late replies to calls that were made again.
    package mutating func reply(
        _ id: UInt64,
        _ reply: Result<DecodedReply, ClientError>,
        now: UInt64
    ) {
        guard let call = calls[id] else { return }
        if case .success(.refusal(let refusal)) = reply, refusal.code.isRetryable,
            call.attempts < options.maximumAttempts
        {
            // Whatever a daemon names, it is no reason to trap.
            let wanted = min(refusal.retryAfterMicroseconds ?? 0, .max / 1000) * 1000
            again(id, after: wanted, refusal: refusal, now: now)
            return
        }
        calls[id] = nil
        if case .success(.refusal(let refusal)) = reply {
            call.finish(.failure(.refusal(refusal)))
        } else {
            call.finish(reply)
        }
    }

    /// An endpoint's connection broke: what it had is lost.
    package mutating func lost(endpoint: Int, now: UInt64) {
        for (id, call) in calls where call.isSent && call.endpoint == endpoint {
            again(id, after: 0, refusal: nil, now: now)
        }
    }

    /// Gives up what has taken too long.
    package mutating func expire(now: UInt64) {
        for (id, call) in calls {
            if call.end <= now {
                calls[id] = nil
                if let refusal = call.lastRefusal {
                    call.finish(.failure(.refusal(refusal)))
                } else {
                    call.finish(
                        .failure(
                            .noReply(
                                "\(call.attempts) attempts at \(options.endpoints.joined(separator: ", "))"
                            )
                        )
                    )
                }
            } else if call.isSent, call.due <= now {
                again(id, after: 0, refusal: nil, now: now)
            }
        }
    }

    /// When something is due next.
    package func nextDue() -> UInt64? {
        calls.values.lazy.map { min($0.due, $0.end) }.min()
    }

    /// Ends every call.
    package mutating func closeAll() {
        let open = calls
        calls = [:]
        for call in open.values { call.finish(.failure(.closed)) }
    }

    private mutating func again(
        _ id: UInt64,
        after wanted: UInt64,
        refusal: Refusal?,
        now: UInt64
    ) {
        guard var call = calls[id] else { return }
        let least = UInt64(options.pauseMilliseconds.lowerBound) * 1_000_000
        let most = UInt64(options.pauseMilliseconds.upperBound) * 1_000_000
        let pause = min(max(least << UInt64(min(call.attempts, 6)), wanted), most)
        call.isSent = false
        // Jitter keeps a hundred clients from coming back at once.
        call.due = now + pause + UInt64.random(in: 0...pause / 2, using: &random)
        call.endpoint = (call.endpoint + 1) % options.endpoints.count
        call.lastRefusal = refusal ?? call.lastRefusal
        calls[id] = call
    }
}
