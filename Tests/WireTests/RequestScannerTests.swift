import Messages
import Tensors
import TestSupport
import Testing
import Wire

@Suite struct RequestScannerTests {
    @Test(
        "What our client sends, unless it wants extras, is decoded in place, as protobuf-c does",
        arguments: 0..<100
    )
    func usual(seed: UInt64) {
        var random = SeededRandom(seed: 3000 + seed)
        let call = random.call(isLarge: seed.isMultiple(of: 4))
        let sent = RequestEncoder.encode(call, id: random.next())
        var request = ScoreRequest()
        let readings = LentFrames(sent.header, sent.frames).requestTwice(into: &request)
        #expect(readings.isInPlace != call.wantsAttributions)
        #expect(readings.decoded == readings.unpacked)
    }

    @Test("A request cut anywhere is read as protobuf-c reads it", arguments: 0..<30)
    func cut(seed: UInt64) {
        var random = SeededRandom(seed: 4000 + seed)
        let sent = RequestEncoder.encode(random.call(isLarge: seed.isMultiple(of: 2)), id: 1 << 40)
        var request = ScoreRequest()
        for length in 0...sent.header.count {
            let message = LentFrames(Array(sent.header[..<length]), sent.frames)
            let readings = message.requestTwice(into: &request)
            #expect(readings.decoded == readings.unpacked, "cut after \(length)")
        }
    }

    @Test("A damaged request is read as protobuf-c reads it", arguments: 0..<20)
    func damaged(round: UInt64) {
        var random = SeededRandom(seed: 5000 + round)
        var request = ScoreRequest()
        for count in 0..<1000 {
            let sent = RequestEncoder.encode(random.call(isLarge: count % 50 == 0), id: 1)
            let header = Damage.mutated(sent.header, &random)
            let frames = random.flip() ? sent.frames : Array(sent.frames.dropLast())
            let readings = LentFrames(header, frames).requestTwice(into: &request)
            #expect(readings.decoded == readings.unpacked, "\(header)")
        }
    }

    @Test("A request of any fields is read as protobuf-c reads it", arguments: 0..<20)
    func odd(round: UInt64) {
        var random = SeededRandom(seed: 6000 + round)
        var request = ScoreRequest()
        var inPlace = 0
        var refused = 0
        for count in 0..<3000 {
            var header = random.oddRequest()
            if count % 5 == 0 { header = Damage.mutated(header, &random) }
            let frames = [[UInt8]](repeating: [1, 2, 3], count: random.int(0...3))
            let readings = LentFrames(header, frames).requestTwice(into: &request)
            #expect(readings.decoded == readings.unpacked, "\(header)")
            if readings.isInPlace { inPlace += 1 }
            if case .refusal = readings.unpacked { refused += 1 }
        }
        // Every way was gone often.
        #expect(inPlace > 400)
        #expect(refused > 400)
        #expect(inPlace + refused < 2600)
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var what: String
        var bytes: ProtoBytes
        var testDescription: String { what }

        /// A score request.
        init(_ what: String, score: ProtoBytes) {
            self.what = what
            bytes = ProtoBytes().number(1, 5).message(2, score)
        }

        /// A score request with one input.
        init(_ what: String, input: ProtoBytes) {
            self.init(what, score: ProtoBytes().text(1, "m").message(3, input))
        }

        init(_ what: String, _ bytes: ProtoBytes) {
            self.what = what
            self.bytes = bytes
        }
    }

    static let score = ProtoBytes().text(1, "m").number(4, 9)
    static let tensor = ProtoBytes().text(1, "x").number(2, 1).packed(3, [1, 3])

    static let unusualCases = [
        Case("two models", score: score.text(1, "n")),
        Case("a NUL in a short model", score: ProtoBytes().text(1, "a\0b").number(4, 9)),
        Case("a NUL at the end of a model", score: ProtoBytes().text(1, "abcdefgh\0")),
        Case("a NUL in a long version", score: score.text(2, "abcdefghijklmnopqrs\0tuvwxyzabcd")),
        Case("a NUL in an output's name", score: score.text(10, "\0")),
        Case("two deadlines", score: score.number(4, 3)),
        Case("an unknown priority", score: score.number(5, 7)),
        Case("a wide raw", score: score.number(9, 1 << 40)),
        Case("a raw of the wrong wire type", score: score.data(9, [1])),
        Case("two seeds", score: score.number(13, 1).number(13, 2)),
        Case("ids twice", score: score.message(14, tensor).message(14, tensor)),
        Case("ids in a frame too far", score: score.message(14, tensor.number(4, 3))),
        Case("an extra", score: score.number(11, 1)),
        Case("a NUL in a stream", score: score.text(12, "a\0")),
        Case("an unknown field", score: score.number(15, 1)),
        Case("a field with a tag of two bytes", score: score.number(20, 1)),
        Case("nine inputs", score: score.messages(3, tensor, count: 9)),
        Case("nine columns", score: score.messages(8, tensor, count: 9)),
        Case("seventeen outputs", score: score.messages(10, ProtoBytes(), count: 17)),
        Case("two names", input: tensor.text(1, "y")),
        Case("a NUL in a name", input: ProtoBytes().text(1, "fea\0tures")),
        Case("two shapes", input: tensor.packed(3, [2])),
        Case("an unpacked shape", input: ProtoBytes().number(3, 1).number(3, 3)),
        Case("nine dimensions", input: ProtoBytes().packed(3, .init(repeating: 1, count: 9))),
        Case("a negative size", input: ProtoBytes().packed(3, [.max])),
        Case("a wide type", input: ProtoBytes().number(2, 257)),
        Case("frame 0", input: tensor.number(4, 0)),
        Case("a frame too far", input: tensor.number(4, 3)),
        Case("bytes in both places", input: tensor.number(4, 1).data(5, [1])),
        Case("row splits in both places", input: tensor.number(6, 1).data(7, [1])),
        Case("two scores", ProtoBytes().message(2, score).message(2, ProtoBytes().text(2, "v"))),
        Case("two ids", ProtoBytes().number(1, 5).message(2, score).number(1, 6)),
        Case("another kind behind the score", ProtoBytes().message(2, score).data(3, [])),
        Case(
            "a length in six bytes",
            score: ProtoBytes().raw([0x0A, 0x81, 0x80, 0x80, 0x80, 0x80, 0, 0x6D])
        ),
        Case("another kind", ProtoBytes().data(3, [])),
        Case("no kind", ProtoBytes().number(1, 5)),
        Case("nothing", ProtoBytes()),
    ]

    @Test("What is unusual is left to protobuf-c", arguments: unusualCases)
    func leave(one: Case) {
        var request = ScoreRequest()
        let message = LentFrames(one.bytes.bytes, [[1, 2], [3]])
        let readings = message.requestTwice(into: &request)
        #expect(!readings.isInPlace)
        #expect(readings.decoded == readings.unpacked)
    }

    static let usualCases = [
        Case("an empty score", score: ProtoBytes()),
        Case("an empty model and version", score: ProtoBytes().text(1, "").text(2, "")),
        Case("an empty tensor", input: ProtoBytes()),
        Case("an unknown type", input: ProtoBytes().number(2, 14)),
        Case("no dimensions", input: ProtoBytes().packed(3, [])),
        Case("the largest size", input: ProtoBytes().packed(3, [UInt64(Int64.max)])),
        Case("no bytes of data and row splits", input: ProtoBytes().data(5, []).data(7, [])),
        Case("row splits in a frame", input: tensor.number(6, 2).number(4, 1)),
        Case("the id behind the score", ProtoBytes().message(2, score).number(1, .max)),
        Case("a stream", score: score.text(12, "s")),
        Case("a seed and ids", score: score.number(13, .max).message(14, tensor.number(4, 2))),
        Case("no id", ProtoBytes().message(2, score)),
        Case(
            "a length in five bytes",
            score: ProtoBytes().raw([0x0A, 0x81, 0x80, 0x80, 0x80, 0, 0x6D])
        ),
        Case(
            "a number in ten bytes, bits past the 64th included",
            score: ProtoBytes().raw([0x20] + [UInt8](repeating: 0xFF, count: 9) + [0x7F])
        ),
        Case("text that is no UTF-8", score: ProtoBytes().data(1, [0xFF, 0x80, 1])),
        Case("text of sixteen bytes", score: ProtoBytes().text(1, "abcdefghijklmnop")),
        Case("text of seventeen bytes", score: ProtoBytes().text(1, "abcdefghijklmnopq")),
    ]

    @Test("What is usual is decoded in place, as protobuf-c does", arguments: usualCases)
    func take(one: Case) throws {
        var random = SeededRandom(seed: 9)
        var request = ScoreRequest()
        // Leaves something in every field of the request.
        let sent = RequestEncoder.encode(random.call(isLarge: true), id: 1)
        _ = try LentFrames(sent.header, sent.frames).request(into: &request)
        let message = LentFrames(one.bytes.bytes, [[1, 2], [3]])
        let readings = message.requestTwice(into: &request)
        #expect(readings.isInPlace)
        #expect(readings.decoded == readings.unpacked)
    }
}
