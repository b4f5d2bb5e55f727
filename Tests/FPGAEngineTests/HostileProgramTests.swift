import TestSupport
import Testing

@testable import FPGAEngine

/// Bytes that nobody meant to be a program must be refused or run, never trap.
struct HostileProgramTests {
    /// Files with every operation and with tables.
    private static let names = ["trigger", "tables", "narrow1", "wide3"]
    private static let events = 19

    /// Loads bytes for the ports of a reference; what loads is also run.
    private static func load(_ bytes: [UInt8], _ firmware: Firmware) throws -> Bool {
        guard
            let program = try? DAISProgram(
                bytes,
                file: "program.dais",
                inputs: firmware.inputPorts,
                outputs: firmware.outputPorts
            )
        else { return false }
        let words = Array(firmware.golden.inputs.prefix(events * firmware.inputPorts.count))
        _ = try ProgramWords.run(
            program,
            words,
            inputPorts: firmware.inputPorts.count,
            outputPorts: firmware.outputPorts.count
        )
        return true
    }

    @Test("A file cut short anywhere is refused", arguments: names)
    func truncation(name: String) throws {
        let firmware = try Reference.firmware(name)
        let bytes = try Reference.bytes(name, "program.dais")
        #expect(try Self.load(bytes, firmware))
        let admitted = try bytes.indices.filter { try Self.load(Array(bytes.prefix($0)), firmware) }
        #expect(admitted.isEmpty)
    }

    @Test("2,000 files with bytes changed, removed and repeated do not trap", arguments: names)
    func mutation(name: String) throws {
        let firmware = try Reference.firmware(name)
        let bytes = try Reference.bytes(name, "program.dais")
        var random = SeededRandom(seed: 31)
        for _ in 0..<2_000 { _ = try Self.load(Damage.mutated(bytes, &random), firmware) }
    }

    @Test("20,000 files with words changed do not trap, and some run", arguments: names)
    func otherWords(name: String) throws {
        let firmware = try Reference.firmware(name)
        let words = LittleEndianWords.words(of: try Reference.bytes(name, "program.dais"))
        let telling: [Int32] = [
            0, 1, -1, 2, -2, 3, 6, -6, 8, 10, 31, 32, 63, 64, 128, -128, .max, .min,
        ]
        var random = SeededRandom(seed: 32)
        var admitted = 0
        for _ in 0..<20_000 {
            var changed = words
            for _ in 0..<random.int(1...3) {
                let place = random.int(0...(words.count - 1))
                changed[place] =
                    random.int(0...1) == 0
                    ? telling[random.int(0...(telling.count - 1))]
                    : changed[place] &+ Int32(random.int(-4...4))
            }
            admitted += try Self.load(ProgramWords.bytes(changed), firmware) ? 1 : 0
        }
        #expect(admitted > 0 && admitted < 20_000)
    }

    @Test("Random bytes are refused")
    func noise() throws {
        let firmware = try Reference.firmware("trigger")
        var random = SeededRandom(seed: 33)
        for length in 0..<600 {
            #expect(try !Self.load(random.bytes(length), firmware))
        }
    }

    @Test("Random words behind a sound header are refused or run")
    func noiseInside() throws {
        let firmware = try Reference.firmware("trigger")
        var random = SeededRandom(seed: 34)
        for _ in 0..<2_000 {
            let count = random.int(1...8)
            var words: [Int32] = [1, 0, 5, 1, Int32(count), 0, 0, 0, 0, 0, 0, 0, 0, 0]
            for index in 0..<count {
                words += [
                    Int32(random.int(-9...10)), Int32(random.int(0...4)), Int32(random.int(0...4)),
                    Int32(random.int(-3...4)), Int32(random.int(-1...index)),
                    Int32(random.int(0...1)), Int32(random.int(-2...70)), Int32(random.int(-4...4)),
                ]
            }
            _ = try Self.load(ProgramWords.bytes(words), firmware)
        }
    }
}
