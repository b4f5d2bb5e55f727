import Calibration
import Foundation
import TestSupport
import Testing

@Suite struct AdaptedFileTests {
    private static func interval() throws -> SplitConformal {
        try SplitConformal.fit(
            .absolute,
            bins: MondrianGrid(MondrianBins(edges: [48.5])),
            samples: SplitConformalTests.samples(400),
            binColumns: [SplitConformalTests.column(400)]
        ).roundedUpToSinglePrecision()
    }

    private static func file() throws -> CalibrationFile {
        var interval = try interval()
        var levels = try AdaptedLevels(coverage: 0.9, step: 0.02, bins: 2)
        for truth in 0..<50 { levels.learn(bin: 0, isCovered: truth % 8 > 0) }
        interval.adapted = levels
        var file = try CalibrationFileExamples.file(
            events: 400,
            outputs: [
                try OutputCalibration(
                    output: "x",
                    binColumns: [BinColumn(source: .output, name: "s2")],
                    kinds: [.interval(interval)]
                )
            ]
        )
        file.parent = "0123456789abcdef"
        file.truths = 50
        return file
    }

    @Test func `A file reads back to the same levels, parent and truths`() throws {
        let file = try Self.file()
        let read = try CalibrationFile(json: file.json())
        #expect(read == file)
        #expect(read.parent == "0123456789abcdef" && read.truths == 50)
        #expect(read.json() == file.json())
    }

    @Test func `An adapted bin takes its level for any coverage`() throws {
        let plain = try Self.interval()
        let adapted = try #require(try Self.file().outputs[0].interval)
        let level = try #require(adapted.adapted?.bins[0].coverage)
        #expect(level > 0.9)
        for coverage in [0.1, 0.9, 0.99] {
            #expect(
                adapted.quantile(bin: 0, coverage: coverage)
                    == plain.quantile(bin: 0, coverage: level)
            )
            #expect(
                adapted.quantile(bin: 1, coverage: coverage)
                    == plain.quantile(bin: 1, coverage: 0.9)
            )
        }
        #expect(plain.quantile(bin: 0, level: 1).isInfinite)
    }

    static let changes: [(String, String, String)] = [
        (#""parent": "0123456789abcdef""#, #""parent": """#, "parent"),
        (#""truths": 50,"#, #""truths": -1,"#, "truths"),
        (#""step": 0.02"#, #""step": 2"#, "outputs[0].interval.adapted[0].step"),
        (#""coverage": 0.9"#, #""coverage": 1"#, "outputs[0].interval.adapted[0].target"),
        (
            #""miscoverages": ["#, #""miscoverages": [7,"#,
            "outputs[0].interval.adapted.miscoverages"
        ),
        (#""adapted": {"#, #""adapted": {"extra": 1,"#, "outputs[0].interval.adapted.extra"),
    ]

    @Test("A file whose levels are none is refused with its key path", arguments: changes)
    func refuse(part: String, other: String, what: String) throws {
        let text = String(decoding: try Self.file().json(), as: UTF8.self)
        #expect(text.components(separatedBy: part).count == 2)
        let bytes = Array(text.replacingOccurrences(of: part, with: other).utf8)
        let error = #expect(throws: CalibrationError.self) { try CalibrationFile(json: bytes) }
        #expect(error?.what == what)
    }

    /// Sets of three classes in two bins, each class with levels of its own.
    private static func sets() throws -> OutputCalibration {
        let plain = try CalibrationFileExamples.sets(events: 300, .leastAmbiguous)
        let classes = try plain.pValues.enumerated().map { label, one in
            var adapted = one
            var levels = try AdaptedLevels(coverage: 0.9, step: 0.02, bins: 2)
            for truth in 0..<20 * (label + 1) { levels.learn(bin: 1, isCovered: truth % 8 > 0) }
            adapted.table.adapted = levels
            return adapted
        }
        return try OutputCalibration(
            output: plain.output,
            binColumns: plain.binColumns,
            kinds: [.sets(.leastAmbiguous), .pValues(classes)]
        )
    }

    @Test func `Sets read back to the levels of each class, which stand for any coverage`() throws {
        let plain = try CalibrationFileExamples.sets(events: 300, .leastAmbiguous)
        let file = try CalibrationFileExamples.file(events: 300, outputs: [try Self.sets()])
        let read = try CalibrationFile(json: file.json())
        #expect(read == file)
        let found = try #require(read.outputs[0].sets)
        let before = try #require(plain.sets)
        for (label, table) in found.tables.enumerated() {
            let level = try #require(table.adapted?.bins[1].coverage)
            #expect(level > 0.9)
            for coverage in [0.1, 0.9] {
                #expect(
                    found.threshold(class: label, bin: 1, coverage: coverage)
                        == before.threshold(class: label, bin: 1, coverage: level)
                )
                #expect(
                    found.threshold(class: label, bin: 0, coverage: coverage)
                        == before.threshold(class: label, bin: 0, coverage: 0.9)
                )
            }
        }
    }

    @Test func `Levels of p-values that make no sets are refused`() throws {
        let classes = try Self.sets().pValues
        let error = #expect(throws: CalibrationError.self) {
            try OutputCalibration(
                output: "score",
                binColumns: [BinColumn(source: .output, name: "s2")],
                kinds: [.pValues(classes)]
            )
        }
        #expect(error?.what == "outputs[score].p_values[0].adapted")
    }

    @Test func `Other scores take the place of those of bins that have enough`() throws {
        let plain = try Self.interval()
        let scores = (0..<30).map { Double($0) / 8 }
        let places = (0..<30).map { $0 < 20 ? 0 : 1 }
        let renewed = plain.replacing(below: scores, above: [], bins: places, fewest: 20)
        #expect(renewed.eventsPerBin == [20, plain.eventsPerBin[1]])
        #expect(renewed.quantile(bin: 0, coverage: 0.5).below == scores[10])
        #expect(renewed.quantile(bin: 1, coverage: 0.5) == plain.quantile(bin: 1, coverage: 0.5))
        let table = try ConformalPValues.fit(
            scores: [1, 2, 3],
            bins: MondrianGrid(MondrianBins(edges: [0])),
            binColumns: [[-1, 1, 1]]
        )
        let others = table.replacing([5, 6, 7], bins: [0, 0, 1], fewest: 2)
        #expect(others.eventsPerBin == [2, 2])
        #expect(others.pValue(5.5, bin: 0) == 2.0 / 3)
        #expect(others.largestScore(bin: 1, coverage: 0.5) == 3)
    }

    @Test func `Scores say what an interval holds`() throws {
        var random = SeededRandom(seed: 71)
        for method in ConformalMethod.allCases {
            let samples = SplitConformalTests.samples(200)
            let fitted = try SplitConformal.fit(
                method,
                bins: .whole,
                samples: samples,
                binColumns: []
            )
            let quantile = fitted.quantile(bin: 0, coverage: 0.8)
            for sample in samples.shuffled(using: &random).prefix(50) {
                let score = fitted.scores(of: sample)
                let interval = fitted.interval(
                    quantile,
                    value: sample.value,
                    lower: sample.lower,
                    upper: sample.upper,
                    sigma: sample.sigma
                )
                let isHeld = score.below <= quantile.below && score.above <= quantile.above
                // At the very end rounding decides.
                guard abs(score.below - quantile.below) > 1e-9,
                    abs(score.above - quantile.above) > 1e-9
                else { continue }
                #expect(
                    isHeld == (interval.lower <= sample.truth && sample.truth <= interval.upper)
                )
            }
        }
    }
}
