import Messages
import TestSupport
import Testing
import Wire

@Suite struct RequestRefusalTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var what: String
        var score: ProtoBytes
        var field: String
        var words: String
        var frames = 0
        var testDescription: String { what }
    }

    static let tensor = ProtoBytes().text(1, "x").number(2, 1)
    static let most = ProtoBytes().packed(3, [UInt64](repeating: 1, count: 9))

    static func one(
        _ what: String,
        input: ProtoBytes,
        _ field: String,
        _ words: String,
        frames: Int = 0
    ) -> Case {
        Case(
            what: what,
            score: ProtoBytes().message(3, tensor).message(3, input),
            field: field,
            words: words,
            frames: frames
        )
    }

    static let cases = [
        Case(
            what: "nine inputs",
            score: ProtoBytes().messages(3, tensor, count: 9),
            field: "inputs",
            words: "found 9, allowed are 8"
        ),
        Case(
            what: "nine columns",
            score: ProtoBytes().messages(8, tensor, count: 9),
            field: "columns",
            words: "found 9, allowed are 8"
        ),
        Case(
            what: "seventeen outputs",
            score: ProtoBytes().messages(10, ProtoBytes(), count: 17),
            field: "outputs",
            words: "found 17, allowed are 16"
        ),
        one("nine dimensions", input: most, "inputs[1].shape", "found 9 dimensions, allowed are 8"),
        one(
            "a negative size",
            input: ProtoBytes().packed(3, [4, UInt64(bitPattern: -3)]),
            "inputs[1].shape",
            "found the size -3"
        ),
        one("frame 0", input: tensor.number(4, 0), "inputs[1].frame", "found frame 0", frames: 2),
        one(
            "a frame too far",
            input: tensor.number(4, 3),
            "inputs[1].frame",
            "found frame 3, the message has 2",
            frames: 2
        ),
        one(
            "the last frame number there is",
            input: tensor.number(4, UInt64(UInt32.max)),
            "inputs[1].frame",
            "found frame 4294967295"
        ),
        one(
            "bytes in both places",
            input: tensor.number(4, 1).data(5, [1]),
            "inputs[1].frame",
            "both in the header and in frame 1",
            frames: 1
        ),
        one(
            "row splits in both places",
            input: tensor.number(6, 1).data(7, [1]),
            "inputs[1].row_splits_frame",
            "both in the header and in frame 1",
            frames: 1
        ),
        one(
            "row splits in a frame too far",
            input: tensor.number(6, 2),
            "inputs[1].row_splits_frame",
            "found frame 2",
            frames: 1
        ),
        Case(
            what: "a column's frame",
            score: ProtoBytes().message(8, tensor.number(4, 9)),
            field: "columns[0].frame",
            words: "found frame 9"
        ),
        Case(
            what: "no priority",
            score: ProtoBytes().number(5, 0),
            field: "priority",
            words: "found 0, allowed are TRIGGER, STANDARD, BULK"
        ),
        Case(
            what: "an unknown priority",
            score: ProtoBytes().number(5, 4),
            field: "priority",
            words: "found 4"
        ),
        Case(
            what: "a priority that a byte would cut to TRIGGER",
            score: ProtoBytes().number(5, 257),
            field: "priority",
            words: "found 257"
        ),
        Case(
            what: "an unknown extra",
            score: ProtoBytes().number(11, 2).number(11, 1),
            field: "extras[1]",
            words: "found 1, allowed is ATTRIBUTIONS"
        ),
    ]

    @Test("What a score request may not hold is refused by field", arguments: cases)
    func refuse(one: Case) {
        let header = ProtoBytes().number(1, 5).message(2, one.score).bytes
        let frames = [[UInt8]](repeating: [1, 2, 3], count: one.frames)
        let message = LentFrames(header, frames)
        let refusal = #expect(throws: Refusal.self) { try message.request() }
        #expect(refusal?.code == .invalid)
        #expect(refusal?.field == one.field)
        #expect(refusal?.message.contains(one.words) ?? false, "\(refusal?.message ?? "")")
        #expect(message.peekId() == 5)
    }

    @Test("An unknown element type is left open, for the model to refuse", arguments: [0, 14, 257])
    func unknownType(type: UInt64) throws {
        let score = ProtoBytes().message(3, ProtoBytes().number(2, type))
        let input = try LentFrames(ProtoBytes().message(2, score).bytes).request().score.inputs[0]
        #expect(input.type == nil)
    }

    @Test(
        "A header without a kind is refused",
        arguments: [[], ProtoBytes().number(1, 3).bytes, ProtoBytes().number(99, 3).bytes]
    )
    func noKind(header: [UInt8]) {
        let refusal = #expect(throws: Refusal.self) { try LentFrames(header).request() }
        #expect(refusal?.code == .invalid)
        #expect(refusal?.field == "kind")
    }

    @Test(
        "A header that is no protobuf is refused",
        arguments: [
            [0xFF], [0x12, 5, 1], [0x12, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F], [0x0A, 0],
            Array("GET / HTTP/1.1\r\n\r\n".utf8), [UInt8](repeating: 0xFF, count: 100),
        ] as [[UInt8]]
    )
    func noProtobuf(header: [UInt8]) {
        let refusal = #expect(throws: Refusal.self) { try LentFrames(header).request() }
        #expect(refusal?.code == .invalid)
    }

    @Test func `A small header that asks for much memory is refused`() {
        // 200 kB of empty tensors would become megabytes of structures.
        let score =
            ProtoBytes().data(1, []).bytes
            + [UInt8]((0..<100_000).flatMap { _ in [0x1A, 0] as [UInt8] })
        let header = ProtoBytes().number(1, 5).data(2, score).bytes
        let refusal = #expect(throws: Refusal.self) { try LentFrames(header).request() }
        #expect(refusal?.code == .invalid)
        #expect(refusal?.field == "header")
    }
}
