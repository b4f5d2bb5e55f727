import CBench
import Glibc
import Messages
import Wire

/// A request as the load generator sends it: the header behind its id, and at most one frame.
@safe
final class PreparedRequest {
    /// Events of one request.
    let rows: Int
    fileprivate let header: [UInt8]
    fileprivate let body: UnsafeMutableBufferPointer<UInt8>

    /// Encodes `call`; with `inlineBytes` 0 its tensor travels in a frame of its own.
    init(_ call: ScoreCall, inlineBytes: Int = EncodedRequest.inlineBytes) {
        let encoded = RequestEncoder.encode(call, id: 1, inlineBytes: inlineBytes)
        precondition(encoded.frames.count <= 1, "the load generator sends one frame at most")
        // Field 1 is the id, here one byte wide.
        header = Array(encoded.header.dropFirst(2))
        rows = call.inputs[0].rows
        let bytes = encoded.frames.first ?? []
        // Aligned as frames are that libzmq receives, and lent for as long as the request lives.
        unsafe body = .allocate(capacity: max(bytes.count, 1))
        _ = unsafe body.initialize(from: bytes)
        bodyCount = bytes.count
    }

    fileprivate let bodyCount: Int

    deinit {
        unsafe body.deallocate()
    }
}

/// DEALER sockets that send one request over and over.
@safe
final class Load {
    /// What came of a loop.
    struct Outcome {
        /// Replies per second.
        let perSecond: Double
        /// Bytes of a reply's frames, on average.
        let replyBytes: Double
        /// Latencies, nanoseconds; empty where they were not asked for.
        let latencies: [UInt64]
        /// Requests that were refused; 0 unless they were allowed.
        let refusals: Int
    }

    /// Sockets.
    let clients: Int
    private let load: OpaquePointer
    private let good: UnsafeMutableBufferPointer<UInt8>
    private let request: PreparedRequest
    private let what: String

    /// What stands behind the id of an answer: field 2, a status of code OK.
    static let good: [UInt8] = [0x12, 0x02, 0x08, 0x00]
    /// The same of an echoed request: field 2, the score request.
    private static let passedBack: [UInt8] = [0x12]

    /// Connects `clients` sockets to `endpoint`.
    init(
        _ endpoint: String,
        _ request: PreparedRequest,
        clients: Int = 1,
        isPassedBack: Bool = false
    ) throws(BenchFailure) {
        var code: Int32 = 0
        guard let load = unsafe cbench_load_open(endpoint, Int32(clients), &code) else {
            throw BenchFailure("\(endpoint): libzmq error \(code)")
        }
        unsafe self.load = unsafe load
        self.request = request
        self.clients = clients
        what = endpoint
        let expected = isPassedBack ? Self.passedBack : Self.good
        unsafe good = .allocate(capacity: expected.count)
        _ = unsafe good.initialize(from: expected)
        unsafe request.header.withUnsafeBytes { header in
            unsafe cbench_load_request(
                load,
                cbench_frame(bytes: header.baseAddress, count: header.count),
                cbench_frame(bytes: request.body.baseAddress, count: request.bodyCount),
                cbench_frame(bytes: good.baseAddress, count: good.count)
            )
        }
    }

    deinit {
        unsafe cbench_load_close(load)
        unsafe good.deallocate()
    }

    /// The frames of one reply, header behind its id first.
    func sample() throws(BenchFailure) -> [[UInt8]] {
        var frames = unsafe [cbench_frame](repeating: cbench_frame(), count: 80)
        let count = unsafe cbench_load_sample(load, &frames, Int32(frames.count))
        guard count > 0 else {
            throw BenchFailure("\(what) does not answer: libzmq error \(zmqError())")
        }
        return unsafe frames[0..<Int(count)].map { frame in
            unsafe [UInt8](UnsafeRawBufferPointer(start: frame.bytes, count: frame.count))
        }
    }

    /// Closed loop: every client keeps `window` requests in flight; a tenth more warms up.
    func closed(
        window: Int,
        replies: Int,
        isTimed: Bool = false
    ) throws(BenchFailure) -> Outcome {
        var latencies = [UInt64](repeating: 0, count: isTimed ? replies : 0)
        var outcome = cbench_outcome()
        let code = unsafe latencies.withUnsafeMutableBufferPointer { times in
            unsafe cbench_load_closed(
                load,
                Int32(window),
                UInt64(replies),
                UInt64(max(1, replies / 10)),
                isTimed ? times.baseAddress : nil,
                &outcome
            )
        }
        return try checked(outcome, code, latencies)
    }

    /// Open loop: requests are due at the moments of a Poisson process.
    func poisson(
        perSecond: Double,
        requests: Int,
        seed: UInt64,
        allowsRefusals: Bool = false
    ) throws(BenchFailure) -> Outcome {
        var latencies = [UInt64](repeating: 0, count: requests)
        var outcome = cbench_outcome()
        let code = unsafe latencies.withUnsafeMutableBufferPointer { times in
            unsafe cbench_load_poisson(
                load,
                perSecond,
                UInt64(requests),
                seed,
                times.baseAddress,
                &outcome
            )
        }
        return try checked(outcome, code, latencies, allowsRefusals: allowsRefusals)
    }

    private func checked(
        _ outcome: cbench_outcome,
        _ code: Int32,
        _ latencies: [UInt64],
        allowsRefusals: Bool = false
    ) throws(BenchFailure) -> Outcome {
        guard code == 0 else {
            throw BenchFailure("\(what) stopped answering: libzmq error \(zmqError())")
        }
        guard outcome.refusals == 0 || allowsRefusals else {
            let header = unsafe withUnsafeBytes(of: outcome.refusal) { bytes in
                unsafe Array(bytes.prefix(outcome.refusal_count))
            }
            throw BenchFailure(
                "\(outcome.refusals) requests were refused: \(Self.refusalText(header))"
            )
        }
        return Outcome(
            perSecond: Double(outcome.replies) / (Double(outcome.nanoseconds) * 1e-9),
            replyBytes: Double(outcome.reply_bytes) / Double(outcome.replies),
            latencies: latencies,
            refusals: Int(outcome.refusals)
        )
    }

    private func zmqError() -> Int32 { errno }

    private static func refusalText(_ header: [UInt8]) -> String {
        do {
            let (_, reply) = try unsafe header.withUnsafeBytes { bytes in
                try unsafe ReplyDecoder.decode(
                    LentFrame(base: bytes.baseAddress, count: bytes.count),
                    frames: UnsafeBufferPointer(start: nil, count: 0)
                )
            }
            if case .refusal(let refusal) = reply { return "\(refusal)" }
            return "a reply of another kind"
        } catch {
            return "\(error)"
        }
    }
}
