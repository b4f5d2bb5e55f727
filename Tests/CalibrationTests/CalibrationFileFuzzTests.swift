import Calibration
import TestSupport
import Testing

@Suite struct CalibrationFileFuzzTests {
    @Test func `A file cut anywhere is refused`() throws {
        let json = try CalibrationFileExamples.small().json()
        // The closing brace and the new line after it are the last two bytes.
        for length in 0..<(json.count - 1) {
            #expect(throws: CalibrationError.self) {
                try CalibrationFile(json: Array(json[..<length]))
            }
        }
    }

    @Test("Damaged files are refused or read, and what is read is sound", arguments: 0..<20)
    func mutations(round: UInt64) throws {
        var random = SeededRandom(seed: 1000 + round)
        let original = try CalibrationFileExamples.small().json()
        for _ in 0..<100 {
            let damaged = mutated(original, &random)
            guard let file = try? CalibrationFile(json: damaged) else {
                continue  // Refused, as most are.
            }
            try file.check()
            #expect(try CalibrationFile(json: file.json()) == file)
            use(file)
        }
    }

    /// One to four changes: a bit, a byte of JSON's own alphabet, a stretch cut out, doubled or
    /// moved.
    private func mutated(_ bytes: [UInt8], _ random: inout SeededRandom) -> [UInt8] {
        let alphabet = Array(#"{}[]",:0123456789.-+eE\u "#.utf8)
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let place = Int.random(in: 0..<bytes.count, using: &random)
            let end = min(bytes.count, place + Int.random(in: 1...40, using: &random))
            switch Int.random(in: 0..<5, using: &random) {
            case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 1: bytes[place] = alphabet.randomElement(using: &random) ?? 0
            case 2: bytes.removeSubrange(place..<end)
            case 3: bytes.insert(contentsOf: bytes[place..<end], at: place)
            default:
                let stretch = Array(bytes[place..<end])
                bytes.insert(
                    contentsOf: stretch,
                    at: Int.random(in: 0..<bytes.count, using: &random)
                )
            }
        }
        return bytes
    }

    /// Whatever was accepted must answer without trapping.
    private func use(_ file: CalibrationFile) {
        for output in file.outputs {
            if let interval = output.interval {
                for bin in 0..<interval.bins.count {
                    let quantile = interval.quantile(bin: bin, coverage: 0.9)
                    let ends = interval.interval(quantile, value: 0, lower: -1, upper: 1, sigma: 1)
                    #expect(ends.lower <= ends.upper)
                }
            }
            for element in output.pValues {
                for bin in 0..<element.table.bins.count {
                    let pValue = element.table.pValue(0.5, bin: bin)
                    #expect(pValue >= element.table.floor(bin: bin) && pValue <= 1)
                }
            }
            if let pair = output.vennAbers?.pair(0.5) { #expect(pair.p0 <= pair.p1) }
        }
    }
}
