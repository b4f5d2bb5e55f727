import Messages
import Tensors
import TestSupport
import Testing
import Wire

@Suite struct ReplyRefusalTests {
    /// A reply with one output whose value is `tensor`.
    static func reply(_ tensor: ProtoBytes) -> [UInt8] {
        let output = ProtoBytes().text(1, "o").message(3, tensor)
        return ProtoBytes().number(1, 2).message(3, ProtoBytes().message(1, output)).bytes
    }

    static let good = ProtoBytes().number(2, 1).packed(3, [1, 2])

    static let cases: [(String, ProtoBytes, String)] = [
        ("no type", ProtoBytes().packed(3, [1]).data(5, [1]), "unknown type 0"),
        ("type 14", ProtoBytes().number(2, 14).data(5, []), "unknown type 14"),
        ("type 257", ProtoBytes().number(2, 257).data(5, []), "unknown type 257"),
        ("frame 0", good.number(4, 0), "lies in frame 0 of 1"),
        ("frame 2", good.number(4, 2), "lies in frame 2 of 1"),
        ("frame 2^32-1", good.number(4, UInt64(UInt32.max)), "of 1"),
        ("too few bytes", good.data(5, [1, 2, 3]), "has 3 bytes, expected 8"),
        ("too many bytes", good.data(5, [UInt8](repeating: 0, count: 9)), "has 9 bytes"),
        ("no bytes", good, "has 0 bytes, expected 8"),
        (
            "negative sizes",
            ProtoBytes().number(2, 1).packed(3, [UInt64.max, UInt64.max]).data(5, [1, 2, 3, 4]),
            "shape [-1, -1]"
        ),
        (
            "sizes that overflow to nothing",
            ProtoBytes().number(2, 1).packed(3, [1 << 31, 1 << 31]).data(5, []),
            "shape [2147483648, 2147483648]"
        ),
        (
            "sizes that overflow to what is there",
            ProtoBytes().number(2, 9).packed(3, [(1 << 62) + 1, 4]).data(5, [1, 2, 3, 4]),
            "has 4 bytes"
        ),
    ]

    @Test("A tensor that contradicts itself is refused", arguments: cases)
    func tensor(_: String, tensor: ProtoBytes, words: String) {
        let error = #expect(throws: ReplyMalformed.self) {
            try LentFrames(Self.reply(tensor), [[1, 2, 3, 4]]).reply()
        }
        #expect(error?.description.contains(words) ?? false, "\(error?.description ?? "read")")
    }

    @Test(
        "An output, a p-value without a value is refused",
        arguments: [(1, "output 0 has no value"), (2, "p-value 0 has no value")]
    )
    func noValue(field: Int, words: String) {
        let entry = ProtoBytes().message(field, ProtoBytes().text(1, "o"))
        let error = #expect(throws: ReplyMalformed.self) {
            try LentFrames(ProtoBytes().message(3, entry).bytes).reply()
        }
        #expect(error?.description == words)
    }

    @Test(
        "A reply of no kind is refused, whatever its status",
        arguments: [[], ProtoBytes().number(1, 3).bytes, [0x12, 2, 8, 0]] as [[UInt8]]
    )
    func noKind(header: [UInt8]) {
        let error = #expect(throws: ReplyMalformed.self) { try LentFrames(header).reply() }
        #expect(error?.description == "the reply holds no kind that is known")
    }

    @Test func `What is no protobuf is refused with its size`() {
        let error = #expect(throws: ReplyMalformed.self) {
            try LentFrames([0xFF, 0xFF, 0xFF]).reply()
        }
        #expect(error?.description.contains("header frame of 3 bytes") ?? false)
    }

    @Test("A code of a later protocol is INTERNAL", arguments: [10, 256, 257])
    func laterCode(code: UInt64) throws {
        let header = ProtoBytes().message(2, ProtoBytes().number(1, code).text(2, "why")).bytes
        let reply = try LentFrames(header).reply().reply
        #expect(reply == .refusal(Refusal(.internal, "why")))
    }

    @Test func `Numbers beyond what a machine counts are clamped, not trapped on`() throws {
        let model = ProtoBytes()
            .packed(17, [.max, 4])
            .packed(18, [.max, 7])
            .message(10, ProtoBytes().number(2, 1).packed(3, [.max, 0]).number(7, .max))
        let header = ProtoBytes().message(5, ProtoBytes().message(1, model)).bytes
        guard case .control(.models(let models)) = try LentFrames(header).reply().reply else {
            Issue.record("no models")
            return
        }
        #expect(models[0].ladder.map(\.rows) == [.max, 4])
        #expect(models[0].ladder.map(\.nanoseconds) == [.max, 7])
        #expect(models[0].inputs[0].signature.shape == [1, 1])
        #expect(models[0].inputs[0].raggedMaximum == .max)
        let row = ProtoBytes().number(1, 1).number(5, .max)
        guard
            case .refusal(let refusal) =
                try LentFrames(ProtoBytes().message(2, row).bytes).reply().reply
        else {
            Issue.record("no refusal")
            return
        }
        #expect(refusal.row == .max)
    }
}
