import Messages
import Tensors
import TestSupport
import Testing
import Wire

@Suite struct ReplyTests {
    @Test("An answer arrives as it was given, in either placement", arguments: 0..<100)
    func answer(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let example = AnswerExample(&random)
        var encoder = ReplyEncoder(arena: Arena())
        let id = random.next()
        for isFramed in [false, true, false] {
            let frames = example.encoded(by: &encoder, id: id, isFramed: isFramed)
            #expect(isFramed || frames.count == 1)
            let received = try LentFrames(frames[0], Array(frames.dropFirst())).reply()
            #expect(received.id == id)
            #expect(received.reply == .score(example.wanted))
        }
    }

    @Test("Attributions arrive as they were given, in either placement", arguments: 0..<60)
    func attributions(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let example = AnswerExample(&random)
        example.attributions = random.attributions(rows: example.rows)
        var encoder = ReplyEncoder(arena: Arena())
        for isFramed in [false, true] {
            let frames = example.encoded(by: &encoder, id: seed, isFramed: isFramed)
            #expect(encoder.attributionFrames.count <= ReplyEncoder.maximumAttributionFrames)
            #expect(isFramed || frames.count == 1)
            let received = try LentFrames(frames[0], Array(frames.dropFirst())).reply()
            #expect(received.reply == .score(example.wanted))
        }
    }

    @Test func `Attributions of other lengths than they say are refused`() throws {
        var random = SeededRandom(seed: 11)
        let example = AnswerExample(&random)
        var encoder = ReplyEncoder(arena: Arena())
        var wrong = random.attributions(rows: 2)
        wrong.features = ["a", "b"]
        wrong.error = nil
        wrong.value = [1, 2, 3]
        example.attributions = wrong
        let frames = example.encoded(by: &encoder, id: 1, isFramed: false)
        #expect(throws: ReplyMalformed.self) { try LentFrames(frames[0]).reply() }
    }

    @Test func `Frames hold no section that is not quoted`() throws {
        var random = SeededRandom(seed: 3)
        var encoder = ReplyEncoder(arena: Arena())
        for _ in 0..<50 {
            let example = AnswerExample(&random)
            let frames = example.encoded(by: &encoder, id: 1, isFramed: true)
            let layout = example.layout
            let hasFlags = layout.outputs.map { $0.flags != nil } + layout.regions.map { _ in true }
            let silent = hasFlags.enumerated().count { index, hasFlags in
                hasFlags && example.flagged >> UInt32(index) & 1 == 0
            }
            #expect(frames.count - 1 == layout.sections.count - silent)
        }
    }

    @Test("A refusal arrives with everything it says", arguments: 0..<60)
    func refusal(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let refusal = random.refusal()
        var encoder = ReplyEncoder(arena: Arena())
        let header = encoder.refusal(refusal, id: seed).packed()
        #expect(encoder.frameCount == 0)
        let received = try LentFrames(header).reply()
        #expect(received.id == seed)
        #expect(received.reply == .refusal(refusal))
        #expect(encoder.control(.refusal(refusal), id: seed).packed() == header)
    }

    @Test("A status arrives as it was told", arguments: 0..<40)
    func status(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let status = random.status()
        #expect(try roundTrip(.status(status)) == .control(.status(status)))
    }

    @Test("Models arrive as they were described, field by field", arguments: 0..<60)
    func models(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let models = (0..<random.int(0...4)).map { _ in random.model() }
        let reply = try roundTrip(.models(models))
        guard case .control(.models(let received)) = reply else {
            Issue.record("found \(reply)")
            return
        }
        #expect(received == models)
        for (one, sent) in zip(received, models) {
            // What == leaves out.
            #expect(one.engineVersion == sent.engineVersion)
            #expect(one.precision == sent.precision)
            #expect(one.device == sent.device && one.deviceClass == sent.deviceClass)
            #expect(one.isRequired == sent.isRequired)
            #expect(one.calibrationDate == sent.calibrationDate)
            #expect(one.calibrationReason == sent.calibrationReason)
            #expect(one.folder == sent.folder)
            #expect(one.ladder.map(\.rows) == sent.ladder.map(\.rows))
            #expect(one.ladder.map(\.nanoseconds) == sent.ladder.map(\.nanoseconds))
            #expect(one.evaluation == sent.evaluation)
            #expect(one.summary == sent.summary)
            #expect(one.monitored == sent.monitored)
            #expect(one.coverage == sent.coverage)
        }
    }

    @Test func `A reload's changes arrive in order`() throws {
        let changes = ["model a: version 2 serves", "", "model b: failed"]
        #expect(try roundTrip(.reload(changes)) == .control(.reload(changes)))
        #expect(try roundTrip(.reload([])) == .control(.reload([])))
    }

    @Test func `Monitoring arrives as it was found, absent numbers as absent ones`() throws {
        var watched = ModelMonitoring()
        watched.model = "er-nr-tree"
        watched.version = "1"
        watched.windowEvents = 10_000
        watched.rate = 1e-4
        watched.distance = 0.02
        watched.chance = 1e-6
        watched.values = [
            .init(name: "s2c", unit: "phd", edges: [645.5, 1e4]),
            .init(name: "margin", unit: "1", edges: []),
        ]
        let counts: [ModelMonitoring.Counts] = [
            .init(events: [1, 2, .max], nonfinite: 3), .init(events: [6], nonfinite: 0),
        ]
        watched.references = [
            .init(
                kind: "data",
                date: "2026-11-26",
                dataDigest: "sha256:0",
                events: 6,
                counts: counts
            )
        ]
        var drift = ModelMonitoring.Drift()
        drift.distance = 0.25
        drift.pValue = 0
        drift.qValue = 1
        drift.isAlarm = true
        drift.alarms = 4
        drift.logCapital = -2.5
        drift.largestLogCapital = 14
        drift.isMartingaleAlarm = true
        watched.streams = [
            .init(
                name: "none",
                events: 12,
                windows: 1,
                skipped: 2,
                counts: counts,
                comparisons: [
                    .init(reference: "data", alarms: 1, isAlarm: true, values: [drift, .init()])
                ]
            ),
            .init(name: "a", events: 1, windows: 0, skipped: 0, counts: [], comparisons: []),
        ]
        watched.calibration = "f32ad3c01b7c"
        watched.coverage = [
            .init(
                output: "margin nr",
                stream: "a",
                bin: "[6, 10)",
                coverage: 0.9,
                events: 40,
                covered: 35,
                low: 0.8,
                high: 0.97,
                standing: "holds"
            )
        ]
        var other = ModelMonitoring()
        other.model = "m"
        other.reason = "there is no file of references"
        let found = [watched, other]
        #expect(try roundTrip(.monitoring(found)) == .control(.monitoring(found)))
        #expect(try roundTrip(.monitoring([])) == .control(.monitoring([])))
    }

    private func roundTrip(_ reply: ControlReply) throws -> DecodedReply {
        var encoder = ReplyEncoder(arena: Arena())
        let received = try LentFrames(encoder.control(reply, id: 4).packed()).reply()
        #expect(received.id == 4)
        return received.reply
    }
}
