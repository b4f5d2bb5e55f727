internal import CZeroMQ
internal import Lanes
public import Messages
internal import Wire

/// Sends one request over and over and times the replies: what a load generator needs, without
/// tasks or tables between it and libzmq.
///
/// Blocks its thread.
@safe
public struct LoadLoop: ~Copyable {
    /// What came back.
    public struct Outcome: Sendable {
        /// Replies within the measured time, refusals included.
        public var replies = 0
        /// Replies that were refusals.
        public var refusals = 0
        /// The first of them.
        public var firstRefusal: Refusal?
        /// Measured time.
        public var nanoseconds: UInt64 = 0
        /// Latency of each reply, in the order of their arrival.
        public var latencies: [UInt64] = []
        /// Bytes of reply frames.
        public var bytes = 0

        /// Nothing yet.
        public init() {}
    }

    private let context: UnsafeMutableRawPointer
    private let socket: DealerSocket
    private var request: EncodedRequest
    private var sendTimes: [UInt64]
    private var nextId: UInt64
    private let endpoint: String
    private let silenceMilliseconds: Int

    /// Ids of this range take five bytes, so that they can be written into a header in place.
    private static let firstId: UInt64 = 1 << 28
    private static let maximumWindow = 1 << 16
    /// How often a broken connection is looked for while nothing comes.
    private var lookMilliseconds: Int { min(200, silenceMilliseconds) }

    /// A loop that sends `call` to `endpoint`; after so long a silence while requests are under
    /// way the daemon counts as lost.
    public init(
        endpoint: String,
        call: ScoreCall,
        silenceMilliseconds: Int = 20_000
    ) throws(ClientError) {
        guard let context = unsafe zmq_ctx_new() else {
            throw DealerSocket.failure("zmq_ctx_new")
        }
        let socket: DealerSocket
        do throws(ClientError) {
            socket = try unsafe DealerSocket(context: context, endpoint: endpoint, number: 0)
        } catch {
            unsafe zmq_ctx_term(context)
            throw error
        }
        unsafe self.context = unsafe context
        self.socket = socket
        request = RequestEncoder.encode(call, id: Self.firstId)
        sendTimes = Array(repeating: 0, count: Self.maximumWindow)
        nextId = Self.firstId
        self.endpoint = endpoint
        self.silenceMilliseconds = silenceMilliseconds
    }

    deinit {
        socket.close()
        unsafe zmq_ctx_term(context)
    }

    /// Closed loop: `window` requests are always in flight; `warmUp` replies are not counted.
    public mutating func closed(
        window: Int,
        replies: Int,
        warmUp: Int
    ) throws(ClientError) -> Outcome {
        precondition((1...Self.maximumWindow).contains(window))
        var outcome = Outcome()
        outcome.latencies.reserveCapacity(replies)
        var sent = 0
        var got = 0
        let total = warmUp + replies
        var start = MonotonicClock.now()
        while got < total {
            while sent < total, sent - got < window, send() { sent += 1 }
            var now: UInt64 = 0
            while receive(into: &outcome, counts: got >= warmUp, now: &now) {
                got += 1
                if got == warmUp { start = MonotonicClock.now() }
                if sent < total, sent - got < window, send() { sent += 1 }
            }
            if got < total { try wait() }
        }
        outcome.nanoseconds = MonotonicClock.now() - start
        outcome.replies = outcome.latencies.count
        return outcome
    }

    /// Open loop: requests are sent at the moments of a Poisson process, whatever comes back;
    /// latency counts from the intended moment, so that a stalled daemon is not flattered.
    public mutating func open(
        requestsPerSecond: Double,
        requests: Int,
        seed: UInt64
    ) throws(ClientError) -> Outcome {
        var outcome = Outcome()
        outcome.latencies.reserveCapacity(requests)
        var random = PoissonMoments(rate: requestsPerSecond, seed: seed)
        try greet(&outcome)
        let start = MonotonicClock.now()
        var moment = start + random.next()
        var sent = 0
        var got = 0
        // Since when something should have moved: nil while nothing is under way or due.
        var waitingSince: UInt64?
        while got < requests {
            var now = MonotonicClock.now()
            while sent < requests, moment <= now, sent - got < Self.maximumWindow {
                guard send(at: moment) else { break }
                sent += 1
                moment += random.next()
            }
            var hasReceived = false
            while receive(into: &outcome, counts: true, now: &now) {
                got += 1
                hasReceived = true
            }
            guard !hasReceived else {
                waitingSince = nil
                continue
            }
            let isDue = sent < requests && moment <= now
            guard sent > got || isDue else {
                waitingSince = nil
                pause(until: moment, now: now)
                continue
            }
            let since = waitingSince ?? now
            waitingSince = since
            if isDue {
                // Nothing more can be sent before something changes.
                pause(milliseconds: 1)
            } else {
                pause(until: sent < requests ? moment : .max, now: now)
            }
            try requireSigns(since: since, now: now)
        }
        outcome.nanoseconds = MonotonicClock.now() - start
        outcome.replies = outcome.latencies.count
        return outcome
    }

    /// Waits for the connection and one reply.
    private mutating func greet(_ outcome: inout Outcome) throws(ClientError) {
        while !send() { try wait() }
        var now: UInt64 = 0
        while !receive(into: &outcome, counts: false, now: &now) { try wait() }
    }

    private mutating func send(at moment: UInt64? = nil) -> Bool {
        var rest = nextId
        for index in 1...5 {
            request.header[index] = UInt8(rest & 0x7F) | (index < 5 ? 0x80 : 0)
            rest >>= 7
        }
        guard socket.send(request) else { return false }
        sendTimes[Int(nextId % UInt64(Self.maximumWindow))] = moment ?? MonotonicClock.now()
        nextId = nextId == 1 << 35 - 1 ? Self.firstId : nextId + 1
        return true
    }

    private func receive(
        into outcome: inout Outcome,
        counts: Bool,
        now: inout UInt64
    ) -> Bool {
        var id: UInt64 = 0
        var bytes = 0
        var refusal: Refusal?
        let hasReply = unsafe socket.receive { header, frames in
            id = ReplyDecoder.peekId(header)
            bytes = header.count
            for index in frames.indices { unsafe bytes += frames[index].count }
            if frames.isEmpty, Self.hasStatus(header) {
                do throws(ReplyMalformed) {
                    let decoded = unsafe try ReplyDecoder.decode(header, frames: frames)
                    if case .refusal(let found) = decoded.reply { refusal = found }
                } catch {
                    refusal = Refusal(.internal, "malformed reply: \(error)")
                }
            }
        }
        guard hasReply else { return false }
        now = MonotonicClock.now()
        guard counts else { return true }
        let sent = sendTimes[Int(id % UInt64(Self.maximumWindow))]
        outcome.latencies.append(now - min(now, sent))
        outcome.bytes += bytes
        if let refusal {
            outcome.refusals += 1
            outcome.firstRefusal = outcome.firstRefusal ?? refusal
        }
        return true
    }

    /// Whether a status follows the id, as in refusals: decoding every answer would cost too much.
    private static func hasStatus(_ header: LentFrame) -> Bool {
        guard let base = unsafe header.base else { return false }
        for index in 1..<max(header.count - 1, 1)
        where unsafe base.load(fromByteOffset: index, as: UInt8.self) < 0x80 {
            return unsafe base.load(fromByteOffset: index + 1, as: UInt8.self) == 0x12
        }
        return false
    }

    /// Waits until something comes, or at the start until something can be sent.
    private func wait() throws(ClientError) {
        let since = MonotonicClock.now()
        while !poll(milliseconds: lookMilliseconds) {
            try requireSigns(since: since, now: MonotonicClock.now())
        }
    }

    private func pause(until moment: UInt64, now: UInt64) {
        let milliseconds = moment > now ? (moment - now) / 1_000_000 : 0
        pause(milliseconds: Int(min(milliseconds, UInt64(lookMilliseconds))))
    }

    /// Gaps below a millisecond are not slept: the next request would leave late.
    private func pause(milliseconds: Int) {
        if milliseconds > 0 { _ = poll(milliseconds: milliseconds) }
    }

    private func poll(milliseconds: Int) -> Bool {
        var items = unsafe [socket.pollItems[0]]
        if nextId == Self.firstId { unsafe items[0].events |= Int16(ZMQ_POLLOUT) }
        return unsafe zmq_poll(&items, 1, milliseconds) != 0
    }

    private func requireSigns(since: UInt64, now: UInt64) throws(ClientError) {
        guard now - since >= UInt64(lookMilliseconds) * 1_000_000 else { return }
        // What the daemon had is lost with its connection: its replies will not come.
        guard !socket.takeDisconnection() else {
            throw .noReply("the connection to \(endpoint) broke")
        }
        guard now - since < UInt64(silenceMilliseconds) * 1_000_000 else {
            throw .noReply("nothing came from \(endpoint) within \(silenceMilliseconds) ms")
        }
    }
}

/// Gaps of a Poisson process, nanoseconds.
private struct PoissonMoments {
    private var state: UInt64
    private let meanNanoseconds: Double

    init(rate: Double, seed: UInt64) {
        state = seed
        meanNanoseconds = 1e9 / rate
    }

    mutating func next() -> UInt64 {
        // SplitMix64 (Steele, Lea, Flood 2014).
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        let uniform = (Double((word ^ (word >> 31)) >> 11) + 1) * 0x1p-53
        return UInt64(-logarithm(uniform) * meanNanoseconds)
    }
}
