import Calibration
import Explanations
import TestSupport
import Testing

struct BackgroundFileTests {
    private static let digest = "sha256:" + String(repeating: "ab", count: 32)

    private static func file(
        _ numbers: [Float] = [1, 0.1, -2, .nan, .leastNonzeroMagnitude, 3.4e38],
        shape: [Int] = [3]
    ) throws -> BackgroundFile {
        try BackgroundFile(
            model: "m",
            input: "features",
            shape: shape,
            date: "2026-11-24T06:34:00Z",
            dataDigest: digest,
            background: Background(numbers: numbers, features: shape.reduce(1, *))
        )
    }

    private static func json(
        format: String = "1",
        shape: String = "[2]",
        rows: String = "[[1, 2], [3, null]]",
        rest: String = ""
    ) -> [UInt8] {
        Array(
            """
            {"format": \(format), "model": "m", "input": "x", "shape": \(shape),
            "date": "2026-11-24", "data_digest": "\(digest)", "rows": \(rows)\(rest)}
            """.utf8
        )
    }

    @Test func `Every bit survives a file`() throws {
        var random = SeededRandom(seed: 7)
        var numbers: [Float] = [0, -0.0, .leastNonzeroMagnitude, .greatestFiniteMagnitude, .nan, 1]
        while numbers.count < 24_000 {
            let number = Float(bitPattern: UInt32(truncatingIfNeeded: random.next()))
            if number.isFinite { numbers.append(number) }
        }
        let file = try Self.file(numbers, shape: [2, 3])
        let read = try BackgroundFile(json: file.json())
        let expected = numbers.map { $0.isNaN ? Float.nan.bitPattern : $0.bitPattern }
        #expect(read.background.numbers.map(\.bitPattern) == expected)
        #expect(read.shape == [2, 3])
        #expect(read.model == "m")
        #expect(read.input == "features")
        #expect(read.date == "2026-11-24T06:34:00Z")
        #expect(read.dataDigest == Self.digest)
        #expect(read.json() == file.json())
    }

    @Test func `A single number is an event of no axes`() throws {
        let read = try BackgroundFile(json: Self.file([1, 2], shape: []).json())
        #expect(read.shape.isEmpty)
        #expect(read.background.rows == 2)
    }

    @Test func `A row may have missing values`() throws {
        let read = try BackgroundFile(json: Self.json())
        #expect(read.background.numbers.count == 4)
        #expect(read.background.numbers[3].isNaN)
    }

    @Test(
        "What is wrong is named",
        arguments: [
            (json(format: "2"), "format: found 2, allowed: 1"),
            (json(shape: "[2, 1.5]"), "shape[1]: found 1.5, allowed: a whole number"),
            (json(shape: "[0]"), "shape[0]: found 0"),
            (json(shape: "[4294967296, 4294967296]"), "shape[0]: found 4294967296"),
            (json(shape: "[1, 1, 1, 1, 1, 1, 1, 2]"), "shape: found 8 axes"),
            (json(shape: "[3]"), "rows[0]: found 2 numbers, allowed: 3, as shape says"),
            (json(rows: "[[1, 2], [3]]"), "rows[1]: found 1 numbers"),
            (json(rows: "[[1, 2], [3, true]]"), "rows[1][1]: found true"),
            (json(rows: "[1, 2]"), "rows[0]: found 1, allowed: an array of numbers"),
            (json(rows: "[]"), "rows: found an array of 0 elements"),
            (json(rows: "[[1, 1e39]]"), "rows: found inf"),
            (json(rest: ", \"more\": 1"), "more: found an unknown key"),
            (Array("{".utf8), "JSON at byte 1"),
        ]
    )
    func refused(_ json: [UInt8], _ why: String) {
        let error = #expect(throws: CalibrationError.self) { try BackgroundFile(json: json) }
        #expect("\(error.map(String.init(describing:)) ?? "")".contains(why))
    }

    @Test func `Too many rows are refused`() {
        let row = "[1, 2]"
        let rows = [String](repeating: row, count: Background.maximumRows + 1)
        let json = Self.json(rows: "[\(rows.joined(separator: ","))]")
        let error = #expect(throws: CalibrationError.self) { try BackgroundFile(json: json) }
        #expect(error?.what == "rows")
    }

    @Test func `Damaged files are refused or read, never more`() throws {
        let good = try Self.file().json()
        for place in good.indices {
            for byte in [UInt8(0), UInt8(ascii: "9"), UInt8(ascii: "]"), 0xFF] {
                var bad = good
                bad[place] = byte
                _ = try? BackgroundFile(json: bad)
            }
            _ = try? BackgroundFile(json: Array(good[..<place]))
        }
    }

    @Test func `Rows of another length than the shape are refused`() {
        #expect(throws: CalibrationError.self) {
            try BackgroundFile(
                model: "m",
                input: "x",
                shape: [2],
                date: "2026-11-24",
                dataDigest: Self.digest,
                background: Background(numbers: [1, 2, 3], features: 3)
            )
        }
    }
}
