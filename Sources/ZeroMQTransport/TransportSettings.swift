/// How the ROUTER lane behaves; every limit has a name.
public struct TransportSettings: Sendable {
    /// An address to listen on, and an inherited listening socket for it.
    public struct Endpoint: Sendable {
        /// "tcp://HOST:PORT" or "ipc:///PATH".
        public let address: String
        /// File descriptor of a socket that already listens there, or nil.
        public let descriptor: Int32?

        /// An endpoint.
        public init(address: String, descriptor: Int32? = nil) {
            self.address = address
            self.descriptor = descriptor
        }
    }

    /// Where to listen.
    public var endpoints: [Endpoint]
    /// Threads of libzmq that move bytes.
    public var ioThreads = 1
    /// Messages that libzmq holds for a peer, each way.
    public var highWaterMark = 2000
    /// Largest frame; a peer that sends a larger one is disconnected by libzmq.
    public var maximumFrameBytes = 256 << 20
    /// Requests that are held at once over all models.
    public var maximumInFlight = 4096
    /// Bytes of replies kept for a client that does not read; past it they are freed and the
    /// client's requests are discarded until it reads again.
    public var clientBacklogBytes = 64 << 20
    /// The same over all clients.
    public var totalBacklogBytes = 512 << 20
    /// Longest wait of a request without a deadline.
    public var maximumWaitMilliseconds = 60_000
    /// How long closing waits for replies to leave.
    public var lingerMilliseconds = 2000
    /// How long the lane looks for messages again and again before it sleeps; 0: not at all.
    public var busyPollMicroseconds = 0

    /// Settings with defaults.
    public init(endpoints: [Endpoint]) {
        self.endpoints = endpoints
    }
}
