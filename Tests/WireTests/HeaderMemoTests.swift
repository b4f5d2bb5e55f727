import Messages
import Tensors
import TestSupport
import Testing
import Wire

@Suite struct HeaderMemoTests {
    private static func tensor(_ bytes: [UInt8], name: String = "x") -> TensorValue {
        TensorValue(name: name, type: .uint8, shape: [bytes.count], bytes: bytes)
    }

    private static func message(
        _ call: ScoreCall,
        id: UInt64,
        isInline: Bool
    ) -> LentFrames {
        let sent = RequestEncoder.encode(call, id: id, inlineBytes: isInline ? 1024 : 0)
        return LentFrames(sent.header, sent.frames)
    }

    @Test("Only the id and the values may differ", arguments: [false, true])
    func same(isInline: Bool) throws {
        let header = KeptHeader()
        var call = ScoreCall(model: "m", inputs: [Self.tensor([1, 2, 3])])
        call.deadlineMicroseconds = 5000
        let first = Self.message(call, id: 3, isInline: isInline)
        #expect(header.match(first, byteCount: 3) == nil)
        #expect(header.keep(first) != nil)
        #expect(header.isFramed == !isInline)
        call.inputs = [Self.tensor([9, 8, 7])]
        for id: UInt64 in [0, 3, 127, 128, 1 << 40, (1 << 63) - 1] {
            let again = Self.message(call, id: id, isInline: isInline)
            let match = try #require(header.match(again, byteCount: 3))
            #expect(match.id == id && match.bytes == [9, 8, 7])
        }
        // Ten bytes of id are left to the decoder.
        let wide = Self.message(call, id: .max, isInline: isInline)
        #expect(header.match(wide, byteCount: 3) == nil)
        let other = Self.message(call, id: 3, isInline: !isInline)
        #expect(header.match(other, byteCount: 3) == nil)
        var others = [call, call, call, call, call]
        others[0].deadlineMicroseconds = 5001
        others[1].inputs = [Self.tensor([1, 2, 3, 4])]
        others[2].inputs = [Self.tensor([1, 2, 3], name: "y")]
        others[3].isRaw = true
        others[4].seed = 1
        for other in others {
            let different = Self.message(other, id: 3, isInline: isInline)
            #expect(header.match(different, byteCount: 3) == nil)
        }
        header.forget()
        #expect(header.match(first, byteCount: 3) == nil)
    }

    @Test func `What has more than one dense tensor is not kept, and what was is forgotten`() {
        let header = KeptHeader()
        let usual = ScoreCall(model: "m", inputs: [Self.tensor([1, 2])])
        var two = usual
        two.inputs.append(Self.tensor([1, 2], name: "y"))
        var column = usual
        column.columns = [Self.tensor([1, 2], name: "c")]
        var ids = usual
        ids.eventIds = Self.tensor([1, 2], name: "")
        var long = usual
        long.version = String(repeating: "v", count: HeaderMemo.maximumBytes)
        for call in [two, column, ids, long] {
            let kept = Self.message(usual, id: 1, isInline: true)
            #expect(header.keep(kept) != nil)
            #expect(header.keep(Self.message(call, id: 1, isInline: true)) == nil)
            #expect(header.match(kept, byteCount: 2) == nil)
        }
    }

    @Test("What matches means the same to the decoder", arguments: 0..<40)
    func damaged(round: UInt64) throws {
        var random = SeededRandom(seed: 7000 + round)
        let header = KeptHeader()
        var matches = 0
        for _ in 0..<200 {
            var call = random.call(isLarge: false)
            call.columns = []
            call.eventIds = nil
            call.inputs = [
                Self.tensor((0..<random.int(1...40)).map { _ in UInt8(random.int(0...255)) })
            ]
            let isInline = random.flip()
            let sent = RequestEncoder.encode(
                call,
                id: random.next() >> UInt64(random.int(1...63)),
                inlineBytes: isInline ? 1024 : 0
            )
            guard var kept = header.keep(LentFrames(sent.header, sent.frames)) else {
                continue
            }
            for _ in 0..<20 {
                let damaged = Damage.mutated(sent.header, &random)
                let other = LentFrames(damaged, sent.frames)
                guard let match = header.match(other, byteCount: kept.inputs[0].bytes.count)
                else {
                    continue
                }
                matches += 1
                let decoded = try other.request()
                kept.inputs[0].bytes = match.bytes
                #expect(decoded.id == match.id, "\(damaged)")
                #expect(decoded.score == kept, "\(damaged)")
            }
        }
        #expect(matches > 20)
    }
}
