import Calibration
import TestSupport
import Testing

@Suite struct ConformalPValuesTests {
    @Test func `Class-conditional p-values in bins are those of crepes`() throws {
        let golden = Golden.shared.p_values
        let bins = try MondrianBins(edges: golden.edges)
        let tables = try (0...1).map { label in
            let chosen = golden.classes.indices.filter { golden.classes[$0] == label }
            return try ConformalPValues.fit(
                scores: chosen.map { golden.scores[$0] },
                bins: MondrianGrid(bins),
                binColumns: [chosen.map { golden.columns[$0] }]
            )
        }
        let found = try golden.test_scores.indices.map { index in
            let bin = try #require(bins.index(of: golden.test_columns[index]))
            return tables[golden.test_classes[index]].pValue(golden.test_scores[index], bin: bin)
        }
        #expect(largestDifference(found, golden.p) <= 1e-15)
    }

    @Test(
        "A tie counts as at least as strange",
        arguments: [
            (0.5, 1.0), (1, 1), (1.5, 0.8), (2, 0.8), (2.5, 0.4), (3, 0.4), (3.5, 0.2),
            (.infinity, 0.2), (-Double.infinity, 1),
        ]
    )
    func ties(score: Double, pValue: Double) throws {
        let table = try ConformalPValues.fit(
            scores: [2, 1, 3, 2],
            bins: .whole,
            binColumns: []
        )
        #expect(table.pValue(score, bin: 0) == pValue)
        #expect(table.floor(bin: 0) == 0.2)
        #expect(table.pValue(.nan, bin: 0).isNaN)
    }

    @Test("A p-value is a plain count", arguments: Array(1...40) + [1_000])
    func plainCount(events: Int) throws {
        var random = SeededRandom(seed: UInt64(events))
        let scores = (0..<events).map { _ in Double(Int.random(in: 0...events, using: &random)) }
        let table = try ConformalPValues.fit(
            scores: scores,
            bins: .whole,
            binColumns: []
        )
        for half in -1...(2 * events + 1) {
            let score = Double(half) / 2
            let atLeast = scores.count { $0 >= score }
            #expect(table.pValue(score, bin: 0) == Double(1 + atLeast) / Double(events + 1))
        }
    }

    @Test(
        "Neighbouring numbers are told apart, zeros are not",
        arguments: [(-0.0, 1.0), (0, 1), (0x1p-1074, 0.5), (0x1p-1073, 0.25), (-0x1p-1074, 1)]
    )
    func neighbours(score: Double, pValue: Double) throws {
        let table = try ConformalPValues.fit(
            scores: [0, -0.0, 0x1p-1074],
            bins: .whole,
            binColumns: []
        )
        #expect(table.pValue(score, bin: 0) == pValue)
    }

    @Test func `An empty bin calls nothing strange`() throws {
        let table = try ConformalPValues.fit(
            scores: [1, 2],
            bins: MondrianGrid(MondrianBins(edges: [1])),
            binColumns: [[0, 0]]
        )
        #expect(table.eventsPerBin == [2, 0])
        #expect(table.pValue(1e9, bin: 1) == 1)
        #expect(table.floor(bin: 1) == 1)
    }

    @Test(
        "A sample that cannot calibrate is refused",
        arguments: [
            ([], [], "scores"), ([1], [1, 2], "binColumns"), ([1, .nan], [0, 0], "scores[1]"),
            ([1, 2], [0, .nan], "binColumns[0][1]"), ([.infinity], [0], "scores[0]"),
        ]
    )
    func refuse(scores: [Double], column: [Double], what: String) throws {
        let bins = MondrianGrid(try MondrianBins(edges: [0.5]))
        let error = #expect(throws: CalibrationError.self) {
            try ConformalPValues.fit(scores: scores, bins: bins, binColumns: [column])
        }
        #expect(error?.what == what)
    }
}
