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

    /// Ids of this range take five bytes, so that they can be written into a header in place.
    private static let firstId: UInt64 = 1 << 28
    private static let maximumWindow = 1 << 16
    /// Longest silence before the daemon counts as lost.
    private static let silenceMilliseconds = 20_000

    /// A loop that sends `call` to `endpoint`.
    public init(endpoint: String, call: ScoreCall) throws(ClientError) {
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
            if got < total { try wait(milliseconds: Self.silenceMilliseconds, isLost: true) }
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
        while !send() { try wait(milliseconds: Self.silenceMilliseconds, isLost: true) }
        try wait(milliseconds: Self.silenceMilliseconds, isLost: true)
        var now: UInt64 = 0
        while !receive(into: &outcome, counts: false, now: &now) {
            try wait(milliseconds: Self.silenceMilliseconds, isLost: true)
        }
        let start = MonotonicClock.now()
        var moment = start + random.next()
        var sent = 0
        var got = 0
        while got < requests {
            now = MonotonicClock.now()
            while sent < requests, moment <= now, sent - got < Self.maximumWindow {
                sendTimes[Int(nextId % UInt64(Self.maximumWindow))] = moment
                guard send(at: moment) else { break }
                sent += 1
                moment += random.next()
            }
            var hasReceived = false
            while receive(into: &outcome, counts: true, now: &now) {
                got += 1
                hasReceived = true
            }
            if !hasReceived, got < requests {
                let pause = sent < requests ? (moment > now ? (moment - now) / 1_000_000 : 0) : 1000
                if pause > 0 { try wait(milliseconds: Int(min(pause, 1000)), isLost: false) }
            }
        }
        outcome.nanoseconds = MonotonicClock.now() - start
        outcome.replies = outcome.latencies.count
        return outcome
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
        var isRefusal = false
        let hasReply = unsafe socket.receive { header, frames in
            id = ReplyDecoder.peekId(header)
            bytes = header.count
            for index in frames.indices { unsafe bytes += frames[index].count }
            // A refusal has no frames and no answer: decode only what looks like one.
            if frames.isEmpty, header.count < 400 {
                if case .refusal? = unsafe (try? ReplyDecoder.decode(header, frames: frames))?.reply
                {
                    isRefusal = true
                }
            }
        }
        guard hasReply else { return false }
        now = MonotonicClock.now()
        guard counts else { return true }
        let sent = sendTimes[Int(id % UInt64(Self.maximumWindow))]
        outcome.latencies.append(now - min(now, sent))
        outcome.bytes += bytes
        if isRefusal { outcome.refusals += 1 }
        return true
    }

    private func wait(milliseconds: Int, isLost: Bool) throws(ClientError) {
        var items = unsafe [socket.pollItems[0]]
        if nextId == Self.firstId { unsafe items[0].events |= Int16(ZMQ_POLLOUT) }
        if unsafe zmq_poll(&items, 1, milliseconds) == 0, isLost {
            throw .noReply("nothing came within \(milliseconds) ms")
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
