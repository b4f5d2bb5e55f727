import Messages
import Tensors
import Wire

/// Decoding of one score request: model, one input of 61 features, deadline, priority, coverage.
@safe
final class RequestCases {
    private static let id: UInt64 = 1_000_000

    private let placement: String
    private let header: LentFrame
    private let frames: UnsafeMutableBufferPointer<LentFrame>
    private let request: UnsafeMutablePointer<ScoreRequest>
    private let arena = Arena()

    /// A request of `rows` events, whose bytes lie in the header when they are few.
    init(rows: Int) {
        let count = rows * 61
        let input = TensorValue(
            name: "features",
            shape: [rows, 61],
            floats: [Float](repeating: 1, count: count)
        )
        var call = ScoreCall(model: "er-nr-mlp", inputs: [input])
        call.deadlineMicroseconds = 50_000
        call.coverage = 0.9
        let sent = RequestEncoder.encode(call, id: Self.id)
        placement = sent.frames.isEmpty ? "inline" : "framed"
        header = Self.lent(sent.header)
        unsafe frames = .allocate(capacity: sent.frames.count)
        for index in sent.frames.indices {
            unsafe frames.initializeElement(at: index, to: Self.lent(sent.frames[index]))
        }
        unsafe request = .allocate(capacity: 1)
        unsafe request.initialize(to: ScoreRequest())
    }

    deinit {
        unsafe header.base?.deallocate()
        for index in unsafe frames.indices { unsafe frames[index].base?.deallocate() }
        unsafe frames.deallocate()
        unsafe request.deallocate()
    }

    private static func lent(_ bytes: [UInt8]) -> LentFrame {
        let memory = UnsafeMutableRawPointer.allocate(byteCount: bytes.count, alignment: 16)
        unsafe memory.copyMemory(from: bytes, byteCount: bytes.count)
        return unsafe LentFrame(base: UnsafeRawPointer(memory), count: bytes.count)
    }

    /// Both ways of decoding it.
    var cases: [WireCommand.Case] {
        [
            WireCommand.Case(what: "decode in place, \(placement)") { [self] count in
                for _ in 0..<count {
                    let decoded = try? unsafe RequestDecoder.decode(
                        header,
                        frames: UnsafeBufferPointer(frames),
                        arena: arena,
                        into: &request.pointee
                    )
                    precondition(decoded?.id == Self.id)
                }
            },
            WireCommand.Case(what: "decode protobuf-c, \(placement)") { [self] count in
                for _ in 0..<count {
                    let decoded = try? unsafe RequestDecoder.unpack(
                        header,
                        frames: UnsafeBufferPointer(frames),
                        arena: arena,
                        into: &request.pointee
                    )
                    precondition(decoded?.id == Self.id)
                }
            },
        ]
    }
}
