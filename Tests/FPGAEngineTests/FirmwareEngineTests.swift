import Digests
import Execution
import FoundationEssentials
import Tensors
import TestSupport
import Testing

@testable import FPGAEngine

/// The engine from values to values.
struct FirmwareEngineTests {
    /// Values and answers of the golden words of a reference with one input and one output.
    private static func values(_ firmware: Firmware) -> ([Float], [Float]) {
        func values(_ words: [Int32], _ ports: [FixedPointFormat]) -> [Float] {
            words.enumerated().map { index, word in
                let port = ports[index % ports.count]
                return Float(Double(port.number(of: word)) * port.step)
            }
        }
        return (
            values(firmware.golden.inputs, firmware.inputPorts),
            values(firmware.golden.outputs, firmware.outputPorts)
        )
    }

    private static func run(
        _ instance: FirmwareInstance,
        _ values: [Float],
        rows: Int,
        outputs: Int,
        isLent: Bool = false
    ) throws -> [Float] {
        try unsafe values.withUnsafeBytes { source in
            let base = unsafe source.baseAddress.unsafelyUnwrapped
            if isLent {
                try unsafe instance.run(rows: rows, lentInput: base)
            } else {
                unsafe instance.inputMemory(0).copyMemory(from: base, byteCount: source.count)
                try instance.run(rows: rows)
            }
        }
        let answers = unsafe instance.outputMemory(0).assumingMemoryBound(to: Float.self)
        return (0..<rows * outputs).map { unsafe answers[$0] }
    }

    private static func instance(
        _ firmware: Firmware,
        maximumRows: Int
    ) throws -> FirmwareInstance {
        let engine = try FirmwareEngine(firmware, software: .interpreter)
        let instance = try engine.makeInstance(maximumRows: maximumRows, shapes: [maximumRows])
        return try #require(instance as? FirmwareInstance)
    }

    @Test("The engine says what it is")
    func description() throws {
        let engine = try FirmwareEngine(Reference.firmware("trigger"), software: .interpreter)
        #expect(engine.version == "vigil-firmware 1")
        #expect(engine.inputs.map(\.text) == ["float32[batch, 5]"])
        #expect(engine.outputs.map(\.text) == ["float32[batch]"])
        #expect(engine.fixedRows == nil && engine.knownPlan == nil && engine.hasSteadyCost)
        #expect(engine.evaluation.hasPrefix("191 steps in 32 bits, "))
        #expect(try engine.makeExplainer(background: nil) == nil)
    }

    @Test("Values give the golden answers, copied or lent", arguments: [false, true])
    func golden(isLent: Bool) throws {
        let firmware = try Reference.firmware("trigger")
        let (values, answers) = Self.values(firmware)
        let instance = try Self.instance(firmware, maximumRows: firmware.golden.events)
        let found = try Self.run(
            instance,
            values,
            rows: firmware.golden.events,
            outputs: 1,
            isLent: isLent
        )
        #expect(found == answers)
        #expect(instance.rowsOutOfRange.isEmpty)
    }

    @Test("A value between two steps counts as the lower one")
    func betweenSteps() throws {
        let firmware = try Reference.firmware("trigger")
        let (values, answers) = Self.values(firmware)
        let instance = try Self.instance(firmware, maximumRows: firmware.golden.events)
        let raised = values.enumerated().map { index, value in
            value + 0.4 * Float(firmware.inputPorts[index % 5].step)
        }
        let found = try Self.run(instance, raised, rows: firmware.golden.events, outputs: 1)
        #expect(found == answers)
        #expect(instance.rowsOutOfRange.isEmpty)
    }

    @Test("Rows with a value beyond its port are flagged, and answered by its rule")
    func flagged() throws {
        let firmware = try Reference.firmware("trigger")
        var (values, answers) = Self.values(firmware)
        let rows = 40
        let instance = try Self.instance(firmware, maximumRows: rows)
        let port = firmware.inputPorts[1]
        // Once around: the same low bits.
        let turn = Float(Double(port.limits.upperBound + 1) * port.step)
        for row in [3, 16, 39] { values[row * 5 + 1] += turn }
        let found = try Self.run(instance, Array(values.prefix(rows * 5)), rows: rows, outputs: 1)
        #expect(instance.rowsOutOfRange == [3, 16, 39])
        #expect(found == Array(answers.prefix(rows)))
    }

    @Test("Several tensors lie one after the other, and a row is flagged once")
    func severalTensors() throws {
        let port = ProgramWords.port(true, 3, 1)
        let words = ProgramWords(
            inputCount: 3,
            operations: [
                .init(code: -1, first: 0, format: (1, 3, 1)),
                .init(code: -1, first: 1, format: (1, 3, 1)),
                .init(code: -1, first: 2, format: (1, 3, 1)),
                .init(code: 0, first: 1, second: 2, format: (1, 4, 1)),
            ],
            outputs: [(3, 0, 0), (0, 0, 0)]
        )
        let wide = ProgramWords.port(true, 4, 1)
        let ports = [port, port, port]
        let bytes = [UInt8](repeating: 0, count: 20)
        let firmware = Firmware(
            folder: "",
            kernel: "pair",
            inputs: [
                FirmwareTensor(name: "a", shape: [], ports: [port]),
                FirmwareTensor(name: "b", shape: [2], ports: [port, port]),
            ],
            outputs: [
                FirmwareTensor(name: "sum", shape: [], ports: [wide]),
                FirmwareTensor(name: "same", shape: [1], ports: [port]),
            ],
            layout: WordLayout(inputStride: 16, outputStride: 8),
            maximumEvents: 1,
            timing: FirmwareTiming(initiationInterval: 1, latencyClocks: 1, clockMegahertz: 1),
            resources: FirmwareResources(
                lookupTables: 0,
                flipFlops: 0,
                multipliers: 0,
                estimatedBy: "nobody"
            ),
            tools: FirmwareTools(da4ml: "0.6.0", hgq2: "none"),
            program: try words.program(ports, [wide, port]),
            golden: try GoldenWords(
                bytes,
                file: "golden.bin",
                events: 1,
                inputs: ports,
                outputs: [wide, port]
            )
        )
        let instance = try Self.instance(firmware, maximumRows: 20)
        let a = unsafe instance.inputMemory(0).assumingMemoryBound(to: Float.self)
        let b = unsafe instance.inputMemory(1).assumingMemoryBound(to: Float.self)
        for row in 0..<20 {
            unsafe a[row] = row == 4 ? 99 : Float(row % 8)
            unsafe b[2 * row] = row == 4 || row == 17 ? 20 : 2.5
            unsafe b[2 * row + 1] = -Float(row % 4)
        }
        try instance.run(rows: 20)
        let sum = unsafe instance.outputMemory(0).assumingMemoryBound(to: Float.self)
        let same = unsafe instance.outputMemory(1).assumingMemoryBound(to: Float.self)
        #expect(instance.rowsOutOfRange == [4, 17])
        #expect(unsafe sum[7] == -0.5 && sum[4] == 4 && sum[17] == 3)
        #expect(unsafe same[7] == 7 && same[4] == 3)
    }

    @Test("Firmware whose golden words are others is refused")
    func otherGolden() throws {
        let folder = try TemporaryFolder()
        for file in ["program.dais", "golden.bin", "firmware.json"] {
            try folder.write(file, Reference.bytes("trigger", file))
        }
        var golden = try Reference.bytes("trigger", "golden.bin")
        golden[1_024 * 5 * 4] ^= 1
        try folder.write("golden.bin", golden)
        let text = String(decoding: try Reference.bytes("trigger", "firmware.json"), as: UTF8.self)
        let old = Digest.hexadecimal(of: try Reference.bytes("trigger", "golden.bin"))
        try folder.write(
            "firmware.json",
            text.replacing(old, with: Digest.hexadecimal(of: golden))
        )
        let firmware = try Firmware(folder: folder.path)
        let error = #expect(throws: EngineFailure.self) {
            try FirmwareEngine(firmware, software: .interpreter)
        }
        #expect(error?.call == "golden check of vigil-dais 1")
        #expect(error?.message.hasPrefix("word 0 of event 0: found ") == true)
    }
}
