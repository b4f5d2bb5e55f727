import Messages
import Tensors
import TestSupport
import Testing
import Wire

@Suite struct HostileBytesTests {
    @Test("A request cut anywhere is refused or read, never a crash", arguments: 0..<20)
    func cutRequest(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let sent = RequestEncoder.encode(random.call(isLarge: seed.isMultiple(of: 4)), id: 1)
        var request = ScoreRequest()
        let arena = Arena()
        for length in 0...sent.header.count {
            let message = LentFrames(Array(sent.header[..<length]), sent.frames)
            _ = message.peekId()
            // Refused or read: a cut between two fields is a message.
            _ = try? message.request(arena: arena, into: &request)
        }
    }

    @Test("A damaged request is refused or read, never a crash", arguments: 0..<20)
    func damagedRequest(round: UInt64) {
        var random = SeededRandom(seed: 500 + round)
        var request = ScoreRequest()
        let arena = Arena()
        for count in 0..<1000 {
            let sent = RequestEncoder.encode(random.call(isLarge: count % 50 == 0), id: 1)
            let header = Damage.mutated(sent.header, &random)
            let frames = random.flip() ? sent.frames : Array(sent.frames.dropLast())
            let message = LentFrames(header, frames)
            _ = message.peekId()
            do throws(Refusal) {
                let received = try message.request(arena: arena, into: &request)
                #expect(received.score.inputs.count <= ScoreRequest.maximumInputs)
            } catch {
                #expect(error.code == .invalid)
                #expect(error.field != nil)
            }
        }
    }

    @Test("A reply cut anywhere is refused or read, never a crash", arguments: 0..<20)
    func cutReply(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var encoder = ReplyEncoder(arena: Arena())
        let frames = Self.reply(&random, &encoder)
        for length in 0...frames[0].count {
            // Refused or read: a cut between two fields is a message.
            _ = try? LentFrames(Array(frames[0][..<length]), Array(frames.dropFirst())).reply()
        }
    }

    @Test("A damaged reply is refused or read, never a crash", arguments: 0..<20)
    func damagedReply(round: UInt64) {
        var random = SeededRandom(seed: 900 + round)
        var encoder = ReplyEncoder(arena: Arena())
        for _ in 0..<1000 {
            let frames = Self.reply(&random, &encoder)
            let header = Damage.mutated(frames[0], &random)
            let rest = random.flip() ? Array(frames.dropFirst()) : Array(frames.dropFirst(2))
            guard let received = try? LentFrames(header, rest).reply() else {
                continue  // Refused, as many are.
            }
            guard case .score(let answer) = received.reply else { continue }
            for output in answer.outputs {
                #expect(output.value.shape.allSatisfy { $0 >= 0 })
                let count = output.value.shape.reduce(output.value.type.byteCount, *)
                #expect(output.value.bytes.count == count)
            }
        }
    }

    @Test func `Noise is no message`() {
        var random = SeededRandom(seed: 8)
        var request = ScoreRequest()
        let arena = Arena()
        for _ in 0..<20_000 {
            let message = LentFrames(random.bytes(random.int(0...64)))
            _ = message.peekId()
            // Refused or read, by chance.
            _ = try? message.request(arena: arena, into: &request)
            _ = try? message.reply()
        }
    }

    /// A reply of any kind.
    private static func reply(
        _ random: inout SeededRandom,
        _ encoder: inout ReplyEncoder
    ) -> [[UInt8]] {
        switch random.int(0...4) {
        case 0: [encoder.refusal(random.refusal(), id: 1).packed()]
        case 1: [encoder.control(.status(random.status()), id: 1).packed()]
        case 2: [encoder.control(.models([random.model()]), id: 1).packed()]
        default:
            AnswerExample(&random).encoded(by: &encoder, id: 1, isFramed: random.flip())
        }
    }
}
