import Messages
import Tensors
import Wire

/// A message as a transport lends it: every frame in memory of its own, of exactly its size.
@safe
final class LentFrames {
    private let header: LentFrame
    private let frames: UnsafeMutableBufferPointer<LentFrame>

    init(_ header: [UInt8], _ frames: [[UInt8]] = []) {
        self.header = Self.copy(header)
        unsafe self.frames = .allocate(capacity: frames.count)
        for index in frames.indices {
            unsafe self.frames.initializeElement(at: index, to: Self.copy(frames[index]))
        }
    }

    deinit {
        unsafe header.base?.deallocate()
        for index in unsafe frames.indices { unsafe frames[index].base?.deallocate() }
        unsafe frames.deallocate()
    }

    private static func copy(_ bytes: [UInt8]) -> LentFrame {
        guard !bytes.isEmpty else { return unsafe LentFrame(base: nil, count: 0) }
        let memory = UnsafeMutableRawPointer.allocate(byteCount: bytes.count, alignment: 1)
        unsafe memory.copyMemory(from: bytes, byteCount: bytes.count)
        return unsafe LentFrame(base: UnsafeRawPointer(memory), count: bytes.count)
    }

    /// The id that is read without decoding.
    func peekId() -> UInt64 {
        defer { withExtendedLifetime(self) {} }
        return RequestDecoder.peekId(header)
    }

    /// Decodes a request, refilling `request` as a lane does.
    func request(
        arena: Arena = Arena(),
        into request: inout ScoreRequest
    ) throws(Refusal) -> (id: UInt64, kind: RequestDecoder.Kind, score: OwnedRequest) {
        defer { withExtendedLifetime(self) {} }
        let (id, kind) = try unsafe RequestDecoder.decode(
            header,
            frames: UnsafeBufferPointer(frames),
            arena: arena,
            into: &request
        )
        // Without a score, `request` may point into messages that are gone.
        return (id, kind, kind == .score ? OwnedRequest(request) : OwnedRequest(ScoreRequest()))
    }

    /// Decodes a request.
    func request() throws(Refusal) -> (
        id: UInt64, kind: RequestDecoder.Kind, score: OwnedRequest
    ) {
        var request = ScoreRequest()
        return try self.request(into: &request)
    }

    /// Decodes a request as a lane does, into what the last one left, and with protobuf-c alone.
    func requestTwice(into request: inout ScoreRequest) -> RequestReadings {
        let arena = Arena()
        let other = Arena()
        // What was read lies in the arenas until it is copied.
        defer { withExtendedLifetime((self, arena, other)) {} }
        var readings = RequestReadings()
        do throws(Refusal) {
            let decoded = try unsafe RequestDecoder.decode(
                header,
                frames: UnsafeBufferPointer(frames),
                arena: readings.arenaAsked(arena),
                into: &request
            )
            readings.decoded = .init(decoded.id, decoded.kind, request)
        } catch {
            readings.decoded = .refusal(error)
        }
        do throws(Refusal) {
            var fresh = ScoreRequest()
            let unpacked = try unsafe RequestDecoder.unpack(
                header,
                frames: UnsafeBufferPointer(frames),
                arena: other,
                into: &fresh
            )
            readings.unpacked = .init(unpacked.id, unpacked.kind, fresh)
        } catch {
            readings.unpacked = .refusal(error)
        }
        return readings
    }

    /// Decodes a request and keeps its header; what it held, or nil when it was not kept.
    fileprivate func keep(in memo: inout HeaderMemo, _ request: inout ScoreRequest) -> OwnedRequest?
    {
        defer { withExtendedLifetime(self) {} }
        let arena = Arena()
        guard
            let decoded = try? unsafe RequestDecoder.decode(
                header,
                frames: UnsafeBufferPointer(frames),
                arena: arena,
                into: &request
            ), decoded.kind == .score, unsafe frames.count <= 1,
            unsafe memo.keep(header, frame: frames.first, as: request)
        else { return nil }
        return OwnedRequest(request)
    }

    /// The id and the tensor's bytes, if the header is the one that `memo` keeps.
    fileprivate func match(_ memo: borrowing HeaderMemo, byteCount: Int) -> (
        id: UInt64, bytes: [UInt8]
    )? {
        defer { withExtendedLifetime(self) {} }
        guard unsafe frames.count <= 1, let match = unsafe memo.match(header, frame: frames.first)
        else { return nil }
        let bytes = unsafe UnsafeRawBufferPointer(start: match.base, count: byteCount)
        return unsafe (match.id, Array(bytes))
    }

    /// Decodes a reply.
    func reply() throws(ReplyMalformed) -> (id: UInt64, reply: DecodedReply) {
        defer { withExtendedLifetime(self) {} }
        return try unsafe ReplyDecoder.decode(header, frames: UnsafeBufferPointer(frames))
    }
}

/// A header as a lane keeps it.
final class KeptHeader {
    private var memo = HeaderMemo()
    private var request = ScoreRequest()

    var isFramed: Bool { memo.isFramed }

    /// Decodes a request and keeps its header; what it held, or nil when it was not kept.
    func keep(_ message: LentFrames) -> OwnedRequest? { message.keep(in: &memo, &request) }

    /// The id and the tensor's bytes of a message that says the same.
    func match(_ message: LentFrames, byteCount: Int) -> (id: UInt64, bytes: [UInt8])? {
        message.match(memo, byteCount: byteCount)
    }

    func forget() { memo.forget() }
}

/// A copy of everything a score request holds.
struct OwnedRequest: Equatable {
    struct Tensor: Equatable {
        var name: String
        var type: ElementType?
        var shape: [Int]
        var bytes: [UInt8]
        var splits: [UInt8]
        var isFramed: Bool
    }

    var model: String
    var version: String?
    var inputs: [Tensor]
    var columns: [Tensor]
    var deadline: UInt64?
    var priority: Priority
    var coverage: Double?
    var prior: Double?
    var isRaw: Bool
    var outputs: [String]
    var stream: String
    var seed: UInt64
    var eventIds: Tensor?
    var wantsAttributions: Bool

    init(_ request: borrowing ScoreRequest) {
        model = request.model.string
        version = request.version?.string
        inputs = []
        columns = []
        outputs = []
        deadline = request.deadlineMicroseconds
        priority = request.priority
        coverage = request.coverage
        prior = request.prior
        isRaw = request.isRaw
        stream = request.stream.string
        seed = request.seed
        eventIds = request.hasEventIds ? Tensor(request.eventIds) : nil
        wantsAttributions = request.wantsAttributions
        for index in 0..<request.inputCount { inputs.append(Tensor(request.inputs[index])) }
        for index in 0..<request.columnCount { columns.append(Tensor(request.columns[index])) }
        for index in 0..<request.outputCount { outputs.append(request.outputs[index].string) }
    }

    /// What must arrive when `call` is sent.
    init(_ call: ScoreCall, isFramed: Bool) {
        model = call.model
        version = call.version
        inputs = call.inputs.map { Tensor($0, isFramed: isFramed) }
        columns = call.columns.map { Tensor($0, isFramed: isFramed) }
        deadline = call.deadlineMicroseconds
        priority = call.priority
        coverage = call.coverage
        prior = call.prior
        isRaw = call.isRaw
        outputs = call.outputs
        stream = call.stream ?? ""
        seed = call.seed ?? 0
        eventIds = call.eventIds.map { Tensor($0, isFramed: isFramed) }
        wantsAttributions = call.wantsAttributions
    }
}

extension OwnedRequest.Tensor {
    init(_ tensor: LentTensor) {
        name = tensor.name.string
        type = tensor.type
        shape = (0..<tensor.rank).map { tensor.dimensions[$0] }
        unsafe bytes = Array(
            UnsafeRawBufferPointer(start: tensor.base, count: tensor.byteCount)
        )
        unsafe splits = Array(
            UnsafeRawBufferPointer(start: tensor.splits, count: tensor.splitsByteCount)
        )
        isFramed = tensor.isFramed
    }

    init(_ tensor: TensorValue, isFramed: Bool) {
        name = tensor.name
        type = tensor.type
        shape = tensor.shape
        bytes = tensor.bytes
        splits = (tensor.rowSplits ?? []).flatMap { split in
            (0..<8).map { UInt8(truncatingIfNeeded: split >> ($0 * 8)) }
        }
        self.isFramed = isFramed
    }
}
