import Calibration
import Foundation
import TestSupport
import Testing

@Suite struct WeightedFileTests {
    static func file(_ weight: EventWeight) throws -> CalibrationFile {
        var random = SeededRandom(seed: 61)
        let events = 400
        let fitted = try WeightedConformal.fit(
            .cqr,
            side: .upper,
            bins: MondrianGrid(MondrianBins(edges: [48.5])),
            samples: SplitConformalTests.samples(events),
            binColumns: [SplitConformalTests.column(events)],
            weight: weight,
            weights: (0..<events).map { _ in random.uniform() }
        ).roundedUpToSinglePrecision()
        return try CalibrationFileExamples.file(
            events: events,
            outputs: [
                try OutputCalibration(
                    output: "x",
                    binColumns: [BinColumn(source: .output, name: "s2")],
                    kinds: [.weightedInterval(fitted)]
                )
            ]
        )
    }

    static let column = fitted { EventWeight.column(try BinColumn(source: .request, name: "w")) }
    static let ratio = fitted {
        EventWeight.ratio(
            try BinColumn(source: .input, name: "x", feature: "s2"),
            try DensityRatio(
                bins: MondrianBins(edges: [1, 2.5]),
                dataEvents: [5, 0, 3],
                calibrationEvents: [7, 1, 0]
            )
        )
    }

    @Test("A file reads back to the same weights", arguments: [column, ratio])
    func roundTrip(weight: EventWeight) throws {
        let file = try Self.file(weight)
        let bytes = file.json()
        let read = try CalibrationFile(json: bytes)
        #expect(read == file)
        #expect(read.outputs[0].weighted?.weight == weight)
        #expect(read.outputs[0].interval == file.outputs[0].weighted?.conformal)
        #expect(read.json() == bytes)
    }

    static let changes: [(String, String, String)] = [
        (#""data_events": [5, 0, 3]"#, #""data_events": [5, 0]"#, "weight: data"),
        (#""data_events": [5, 0, 3]"#, #""data_events": [5, -1, 3]"#, "weight.data_events[1]"),
        (#""data_events": [5, 0, 3]"#, #""data_events": [0, 0, 0]"#, "weight: data"),
        (#""data_events": [5, 0, 3]"#, #""data_events": "many""#, "weight.data_events"),
        (#""bin_edges": [1, 2.5]"#, #""bin_edges": [2.5, 1]"#, "weight: bin_edges[1]"),
        (#""feature": "s2""#, #""feature": """#, "weight.column.feature"),
        (#""weights": ["#, #""weights": [[1],"#, "weights"),
        (#""weights": ["#, #""weighs": ["#, "weights"),
        (#""weight": {"#, #""weighed": {"#, "weight"),
    ]

    @Test("A file whose weights are none is refused with its key path", arguments: changes)
    func refuse(part: String, other: String, what: String) throws {
        let text = String(decoding: try Self.file(Self.ratio).json(), as: UTF8.self)
        #expect(text.components(separatedBy: part).count == 2)
        let bytes = Array(text.replacingOccurrences(of: part, with: other).utf8)
        let error = #expect(throws: CalibrationError.self) { try CalibrationFile(json: bytes) }
        let prefix = "outputs[0].weighted_interval."
        #expect(error?.what == prefix + what, "\(error?.description ?? "")")
    }

    @Test func `A column that is the weight belongs to the request`() throws {
        let text = String(decoding: try Self.file(Self.column).json(), as: UTF8.self)
        let other = text.replacingOccurrences(
            of: #""source": "request""#,
            with: #""source": "output""#
        )
        let error = #expect(throws: CalibrationError.self) {
            try CalibrationFile(json: Array(other.utf8))
        }
        #expect(error?.what == "outputs[0].weighted_interval.weight.column.source")
    }
}
