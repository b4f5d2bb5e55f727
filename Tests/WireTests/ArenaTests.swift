import Messages
import TestSupport
import Testing
import Wire

@Suite struct ArenaTests {
    @Test func `Small and large messages take turns in one arena`() throws {
        var random = SeededRandom(seed: 21)
        var encoder = ReplyEncoder(arena: Arena())
        for round in 0..<60 {
            // Up to some hundred kilobytes of text, far beyond the arena's first chunk.
            let count = round.isMultiple(of: 3) ? random.int(0...3000) : random.int(0...3)
            let changes = (0..<count).map { _ in random.text(60) }
            let header = encoder.control(.reload(changes), id: UInt64(round)).packed()
            let received = try LentFrames(header).reply()
            #expect(received.id == UInt64(round))
            #expect(received.reply == .control(.reload(changes)))
        }
    }

    @Test func `A message past an arena's limit does not spoil the next one`() throws {
        let arena = Arena()
        var request = ScoreRequest()
        let greedy = [UInt8]((0..<100_000).flatMap { _ in [0x1A, 0] as [UInt8] })
        let bad = ProtoBytes().data(2, greedy).bytes
        let good = RequestEncoder.encode(.models("m"), id: 3).header
        for _ in 0..<5 {
            #expect(throws: Refusal.self) {
                try LentFrames(bad).request(arena: arena, into: &request)
            }
            let received = try LentFrames(good).request(arena: arena, into: &request)
            #expect(received.kind == .control(.models("m")))
        }
    }
}
