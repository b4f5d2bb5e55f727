import Messages
import Tensors
import TestSupport
import Testing
import Wire

@Suite struct ReplyTemplateTests {
    private static let longest: UInt64 = 1 << 42 - 1

    @Test("A templated answer arrives as it was scored, in either placement", arguments: 0..<200)
    func answer(seed: UInt64) throws {
        var random = SeededRandom(seed: 7000 + seed)
        let templates = ReplyTemplates()
        let example = AnswerExample(&random)
        var wanted = example.wanted
        wanted.computeNanoseconds = Self.longest
        for isFramed in [true, false] {
            let id = random.next()
            let frames = example.written(by: templates, id: id, isFramed: isFramed)
            let message = LentFrames(frames[0], Array(frames.dropFirst()))
            #expect(message.peekId() == id)
            let received = try message.reply()
            #expect(received.id == id)
            #expect(received.reply == .score(wanted))
            var encoder = ReplyEncoder(arena: Arena())
            let encoded = example.encoded(by: &encoder, id: id, isFramed: isFramed)
            #expect(frames.dropFirst() == encoded.dropFirst())
        }
        #expect(templates.made == 2)
    }

    @Test(
        "An id of any size stands first",
        arguments: (0...64).map { $0 == 0 ? 0 : UInt64.max >> (64 - UInt64($0)) }
    )
    func id(_ id: UInt64) throws {
        var random = SeededRandom(seed: 31)
        let example = AnswerExample(&random)
        let frames = example.written(by: ReplyTemplates(), id: id, isFramed: false)
        let message = LentFrames(frames[0])
        #expect(message.peekId() == id)
        #expect(try message.reply().id == id)
        let one = example.written(by: ReplyTemplates(), id: 0, isFramed: false)[0]
        #expect(frames[0].count - one.count == ProtoBytes.varint(id).count - 1)
    }

    @Test(
        "Times arrive up to 73 minutes and batches up to two million rows",
        arguments: [0, 1, 127, 128, 40_000, 1 << 21 - 1, 1 << 21, 1 << 42 - 1, 1 << 42, .max]
            as [UInt64]
    )
    func timing(number: UInt64) throws {
        var random = SeededRandom(seed: 32)
        let example = AnswerExample(&random)
        let templates = ReplyTemplates()
        // Twice: the second time over a template that was used.
        for other in [UInt64.max, 5] {
            let frames = example.written(
                by: templates,
                id: 1,
                isFramed: false,
                queueNanoseconds: number,
                computeNanoseconds: other,
                batch: Int(clamping: number)
            )
            guard case .score(let answer) = try LentFrames(frames[0]).reply().reply else {
                Issue.record("no score")
                return
            }
            #expect(answer.queueNanoseconds == min(number, Self.longest))
            #expect(answer.computeNanoseconds == min(other, Self.longest))
            #expect(answer.batch == min(Int(clamping: number), 1 << 21 - 1))
        }
        #expect(templates.made == 1)
    }

    @Test func `One template serves framed answers of any number of rows`() throws {
        var random = SeededRandom(seed: 33)
        let first = AnswerExample(&random)
        let templates = ReplyTemplates()
        var flagged: Set<UInt32> = []
        for rows in [0, 1, 127, 128, 5000, 1, 16_384] {
            let example = AnswerExample(like: first, rows: rows, &random)
            var wanted = example.wanted
            wanted.computeNanoseconds = Self.longest
            flagged.insert(example.flagged)
            let frames = example.written(by: templates, id: 4, isFramed: true)
            let received = try LentFrames(frames[0], Array(frames.dropFirst())).reply()
            #expect(received.reply == .score(wanted))
            #expect(templates.made == flagged.count)
        }
        // With the same flags nothing is made any more.
        let last = AnswerExample(&random)
        _ = last.written(by: templates, id: 4, isFramed: true)
        let made = templates.made
        _ = last.written(by: templates, id: 5, isFramed: true)
        #expect(templates.made == made)
    }

    @Test func `Inline answers of any number of rows have templates of their own`() throws {
        var random = SeededRandom(seed: 34)
        let first = AnswerExample(&random)
        let templates = ReplyTemplates()
        for rows in [0, 1, 2, 3, 127, 128, 2000] {
            let example = AnswerExample(like: first, rows: rows, &random)
            var wanted = example.wanted
            wanted.computeNanoseconds = Self.longest
            let received = try LentFrames(
                example.written(by: templates, id: 4, isFramed: false)[0]
            ).reply()
            #expect(received.reply == .score(wanted))
        }
        #expect(templates.made == 7)
    }
}
