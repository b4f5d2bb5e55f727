import Messages
import Tensors
import TestSupport
import Testing
import Wire

@Suite struct RequestTests {
    @Test("A score request arrives as it was sent, in either placement", arguments: 0..<100)
    func roundTrip(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let isLarge = seed.isMultiple(of: 4)
        let call = random.call(isLarge: isLarge)
        let id = random.next()
        let sent = RequestEncoder.encode(call, id: id)
        let tensors = call.inputs + call.columns + (call.eventIds.map { [$0] } ?? [])
        let count = tensors.reduce(0) { $0 + $1.bytes.count }
        let isFramed = count > EncodedRequest.inlineBytes
        #expect(isFramed == isLarge)
        #expect(sent.frames.count == (isFramed ? tensors.count : 0))
        let message = LentFrames(sent.header, sent.frames)
        #expect(message.peekId() == id)
        let received = try message.request()
        #expect(received.id == id)
        #expect(received.kind == .score)
        #expect(received.score == OwnedRequest(call, isFramed: isFramed))
    }

    @Test(
        "Tensors travel in the header up to 1,024 bytes and in frames beyond",
        arguments: [(1023, false), (1024, false), (1025, true)]
    )
    func placement(bytes: Int, isFramed: Bool) throws {
        let tensor = TensorValue(
            name: "x",
            type: .uint8,
            shape: [bytes],
            bytes: [UInt8](repeating: 7, count: bytes)
        )
        let sent = RequestEncoder.encode(ScoreCall(model: "m", inputs: [tensor]), id: 1)
        #expect(sent.frames.count == (isFramed ? 1 : 0))
    }

    @Test func `A lane's request is refilled whole: nothing of the last one stays`() throws {
        var random = SeededRandom(seed: 77)
        var request = ScoreRequest()
        let arena = Arena()
        for round in 0..<200 {
            let call = random.call(isLarge: round.isMultiple(of: 10))
            let sent = RequestEncoder.encode(call, id: UInt64(round))
            let message = LentFrames(sent.header, sent.frames)
            let received = try message.request(arena: arena, into: &request)
            let isFramed = !sent.frames.isEmpty
            #expect(received.score == OwnedRequest(call, isFramed: isFramed))
        }
    }

    @Test(
        "Control requests arrive as they were sent",
        arguments: [
            ControlRequest.status, .models(nil), .models("er-nr-mlp"), .models(""), .reload,
            .monitoring(nil), .monitoring("er-nr-mlp"),
        ]
    )
    func control(request: ControlRequest) throws {
        let sent = RequestEncoder.encode(request, id: 9)
        #expect(sent.frames.isEmpty)
        let received = try LentFrames(sent.header).request()
        #expect(received.id == 9)
        #expect(received.kind == .control(request))
    }

    @Test("Truths arrive as they were sent, in either placement", arguments: [2, 400])
    func truths(rows: Int) throws {
        let numbers = TensorValue(
            name: "kind",
            shape: [rows],
            floats: (0..<rows).map(Float.init)
        )
        var call = TruthCall(model: "er-nr-mlp")
        call.stream = "source"
        call.truths = [numbers]
        let ids = TensorValue(
            name: "",
            type: .uint64,
            shape: [rows],
            bytes: [UInt8](repeating: 3, count: rows * 8)
        )
        var drawn = call
        drawn.eventIds = ids
        drawn.seed = .max
        drawn.inputs = [numbers, numbers]
        drawn.columns = [numbers]
        var remembered = call
        remembered.version = "2"
        remembered.eventIds = ids
        for call in [drawn, remembered] {
            let sent = RequestEncoder.encode(.truth(call), id: 9)
            #expect(sent.frames.isEmpty == (rows == 2))
            let received = try LentFrames(sent.header, sent.frames).request()
            #expect(received.kind == .control(.truth(call)))
        }
    }

    @Test func `The documented bytes mean what the documentation says`() throws {
        let bytes: [UInt8] = [
            0x08, 0x07, 0x12, 0x41, 0x0A, 0x0A, 0x65, 0x72, 0x2D, 0x6E, 0x72, 0x2D, 0x74, 0x72,
            0x65, 0x65, 0x1A, 0x26, 0x0A, 0x08, 0x66, 0x65, 0x61, 0x74, 0x75, 0x72, 0x65, 0x73,
            0x10, 0x01, 0x1A, 0x02, 0x01, 0x05, 0x2A, 0x14, 0x00, 0x00, 0xA0, 0x41, 0x00, 0x00,
            0x7A, 0x45, 0x00, 0x00, 0x96, 0x43, 0x00, 0x00, 0xC8, 0x42, 0x00, 0x00, 0x48, 0xC2,
            0x20, 0xD0, 0x86, 0x03, 0x39, 0x7B, 0x14, 0xAE, 0x47, 0xE1, 0x7A, 0x84, 0x3F,
        ]
        #expect(bytes.count == 69)
        let received = try LentFrames(bytes).request()
        var call = ScoreCall(
            model: "er-nr-tree",
            inputs: [
                TensorValue(name: "features", shape: [1, 5], floats: [20, 4000, 300, 100, -50])
            ]
        )
        call.deadlineMicroseconds = 50_000
        call.prior = 0.01
        #expect(received.id == 7)
        #expect(received.score == OwnedRequest(call, isFramed: false))
    }

    @Test(
        "The id is read without decoding",
        arguments: [0, 1, 127, 128, 300, 1 << 56, .max] as [UInt64]
    )
    func peek(id: UInt64) {
        #expect(LentFrames(ProtoBytes().number(1, id).bytes).peekId() == id)
        #expect(LentFrames(RequestEncoder.encode(.status, id: id).header).peekId() == id)
    }

    @Test(
        "An id that cannot be read is 0",
        arguments: [
            [], [8], [8, 0x80], [16, 1], [8] + [UInt8](repeating: 0xFF, count: 10),
            [8] + [UInt8](repeating: 0xFF, count: 30),
        ] as [[UInt8]]
    )
    func noId(bytes: [UInt8]) {
        #expect(LentFrames(bytes).peekId() == 0)
    }
}
