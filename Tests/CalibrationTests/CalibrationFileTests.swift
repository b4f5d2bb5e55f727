import Calibration
import Foundation
import Testing

@Suite struct CalibrationFileTests {
    @Test("A file reads back to the same calibration", arguments: [2, 60, 5_000])
    func roundTrip(events: Int) throws {
        for bornSingle in [false, true] {
            let file = try CalibrationFileExamples.file(events: events, bornSingle: bornSingle)
            let json = file.json()
            let read = try CalibrationFile(json: json)
            #expect(read == file)
            #expect(read.json() == json)
        }
    }

    @Test func `What is read gives the same intervals, pairs and p-values`() throws {
        let file = try CalibrationFileExamples.file(events: 500)
        let read = try CalibrationFile(json: file.json())
        for (old, new) in zip(file.outputs, read.outputs) {
            if let oldInterval = old.interval, let newInterval = new.interval {
                for bin in 0..<oldInterval.bins.count {
                    let before = oldInterval.quantile(bin: bin, coverage: 0.8)
                    #expect(newInterval.quantile(bin: bin, coverage: 0.8) == before)
                }
            }
            for score in stride(from: -0.1, to: 1.1, by: 0.001) {
                if let oldPairs = old.vennAbers, let newPairs = new.vennAbers {
                    #expect(newPairs.pair(score) == oldPairs.pair(score))
                }
                for (before, after) in zip(old.pValues, new.pValues) {
                    let wanted = before.table.pValue(score, bin: 1)
                    #expect(after.table.pValue(score, bin: 1) == wanted)
                }
            }
        }
    }

    @Test("20,000 events stay below 700 kB", arguments: [false, true])
    func size(bornSingle: Bool) throws {
        let binary = try CalibrationFileExamples.binary(events: 20_000, bornSingle: bornSingle)
        let classifier = try CalibrationFileExamples.file(events: 20_000, outputs: [binary])
        #expect(classifier.json().count < (bornSingle ? 450_000 : 700_000))
        for method in ConformalMethod.allCases {
            var interval = try SplitConformal.fit(
                method,
                bins: .whole,
                samples: SplitConformalTests.samples(20_000),
                binColumns: []
            )
            // Two scores an event: the one form that needs single precision to stay short.
            if bornSingle || method == .cqrAsymmetric {
                interval = interval.roundedUpToSinglePrecision()
            }
            let output = try OutputCalibration(
                output: "x_mm",
                binColumns: [],
                kinds: [.interval(interval)]
            )
            let file = try CalibrationFileExamples.file(events: 20_000, outputs: [output])
            #expect(file.json().count < 700_000)
        }
    }

    @Test func `Scalars come first and numbers share lines`() throws {
        let lines = String(decoding: try CalibrationFileExamples.small().json(), as: UTF8.self)
            .split(separator: "\n")
        #expect(lines[0] == "{")
        #expect(lines[1] == "  \"format\": 2,")
        #expect(lines[2] == #"  "model": "er-nr \"mlp\" \\ é","#)
        #expect(lines[11] == "  \"events\": 60,")
        #expect(lines.allSatisfy { $0.utf8.count <= 130 })
        #expect(lines.count < 400)
    }

    @Test func `Scores born in single precision stay short`() throws {
        let table = try ConformalPValues.fit(
            scores: [Double(Float(0.1)), Double(Float(1e-20)), -2],
            bins: .whole,
            binColumns: []
        )
        let output = try OutputCalibration(
            output: "score",
            binColumns: [],
            kinds: [.pValues([ClassPValues(name: "normal", table: table)])]
        )
        let file = try CalibrationFileExamples.file(events: 3, outputs: [output])
        let text = String(decoding: file.json(), as: UTF8.self)
        #expect(text.contains("\"score_type\": \"float32\""))
        #expect(text.contains("[-2, 1e-20, 0.1]"))
        #expect(try CalibrationFile(json: file.json()) == file)
    }

    @Test func `A changed file can be checked before it is written`() throws {
        var file = try CalibrationFileExamples.small()
        file.events = 7
        let error = #expect(throws: CalibrationError.self) { try file.check() }
        #expect(error?.allowed == "at most the file's 7")
        file.events = 60
        file.format = 1
        #expect(throws: CalibrationError.self) { try file.check() }
    }
}
