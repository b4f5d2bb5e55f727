import Calibration
import TestSupport
import Testing

@Suite struct WeightedConformalTests {
    private static let column = fitted { try BinColumn(source: .request, name: "w") }

    private static func fit(
        _ truths: [Double],
        weights: [Double],
        edges: [Double] = [],
        column: [Double] = []
    ) throws -> WeightedConformal {
        try WeightedConformal.fit(
            .absolute,
            bins: edges.isEmpty ? .whole : MondrianGrid(MondrianBins(edges: edges)),
            samples: truths.map { .init(truth: $0, value: 0) },
            binColumns: edges.isEmpty ? [] : [column],
            weight: .column(Self.column),
            weights: weights
        )
    }

    @Test("Equal weights give split conformal's quantiles", arguments: [0.05, 0.5, 0.9, 0.99])
    func equal(coverage: Double) throws {
        var random = SeededRandom(seed: 51)
        let truths = (0..<400).map { _ in random.normal() }
        let column = (0..<400).map { _ in random.normal() }
        let edges = [-0.5, 0.5]
        let weighted = try Self.fit(
            truths,
            weights: Array(repeating: 3, count: 400),
            edges: edges,
            column: column
        )
        for bin in 0..<3 {
            let wanted = weighted.conformal.quantile(bin: bin, coverage: coverage)
            #expect(weighted.quantile(bin: bin, coverage: coverage, weight: 3) == wanted)
            #expect(
                abs(
                    weighted.effectiveEvents[bin] - Double(weighted.conformal.eventsPerBin[bin])
                ) < 1e-9
            )
        }
    }

    @Test func `Weights stay with their events, bin by bin`() throws {
        var random = SeededRandom(seed: 52)
        let truths = (0..<1000).map { _ in random.normal() }
        let weights = (0..<1000).map { _ in random.uniform() }
        let column = (0..<1000).map { _ in random.normal() }
        let weighted = try Self.fit(truths, weights: weights, edges: [0], column: column)
        for bin in 0..<2 {
            let chosen = truths.indices.filter { (column[$0] >= 0) == (bin == 1) }
            let alone = try WeightedScores(
                scores: chosen.map { abs(truths[$0]) },
                weights: chosen.map { weights[$0] }
            )
            for (coverage, weight) in [(0.5, 0.0), (0.9, 1), (0.9, 30), (0.99, 100)] {
                #expect(
                    weighted.quantile(bin: bin, coverage: coverage, weight: weight).below
                        == alone.quantile(coverage: coverage, weight: weight)
                )
            }
        }
    }

    @Test("Effective events say how coverage scatters", arguments: [0.5, 0.9])
    func scatter(coverage: Double) throws {
        var random = SeededRandom(seed: 53)
        let (repetitions, size) = (1500, 800)
        var found: [Double] = []
        var (own, kish) = (0.0, 0.0)
        for _ in 0..<repetitions {
            // Uniform places weigh as much as they are large; the truth is a uniform part of its place.
            let places = (0..<size).map { _ in random.uniform() }
            let truths = places.map { $0 * random.uniform() }
            let weighted = try Self.fit(truths, weights: places)
            let limit = weighted.quantile(bin: 0, coverage: coverage, weight: 0).below
            // Of data with the density 2 place: P(truth <= limit) = limit² + 2 limit (1 - limit).
            found.append(limit * limit + 2 * limit * (1 - limit))
            own += weighted.effectiveEvents(bin: 0, coverage: coverage) / Double(repetitions)
            kish += weighted.effectiveEvents[0] / Double(repetitions)
        }
        let mean = found.reduce(0, +) / Double(repetitions)
        let variance =
            found.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(repetitions - 1)
        let wanted = coverage * (1 - coverage) / variance
        // The variance is known to 4 %.
        #expect(abs(own / wanted - 1) < 0.15)
        // Heavy events have the largest scores.
        if coverage == 0.9 { #expect(kish / wanted > 1.2) }
    }

    @Test func `A bin without weight has infinite intervals`() throws {
        let column = (0..<300).map { $0 < 200 ? 1.0 : -1 }
        let weighted = try Self.fit(
            (0..<300).map(Double.init),
            weights: column.map { $0 > 0 ? 1 : 0 },
            edges: [0],
            column: column
        )
        #expect(weighted.quantile(bin: 0, coverage: 0.1, weight: 1).isInfinite)
        #expect(!weighted.quantile(bin: 1, coverage: 0.9, weight: 1).isInfinite)
        #expect(weighted.effectiveEvents[0] == 0)
        #expect(weighted.effectiveEvents(bin: 0, coverage: 0.9) == 0)
        // 180 or 181 of 200 equal ones lie below.
        #expect(abs(weighted.effectiveEvents(bin: 1, coverage: 0.9) - 200) < 10)
    }

    @Test func `Rounding up loses no coverage and keeps weights`() throws {
        var random = SeededRandom(seed: 53)
        let truths = (0..<500).map { _ in random.normal() }
        let weighted = try Self.fit(truths, weights: truths.map { _ in random.uniform() })
        let rounded = try weighted.roundedUpToSinglePrecision()
        #expect(rounded.effectiveEvents == weighted.effectiveEvents)
        let (before, after) = (
            weighted.quantile(bin: 0, coverage: 0.9, weight: 1).below,
            rounded.quantile(bin: 0, coverage: 0.9, weight: 1).below
        )
        #expect(before <= after && after <= before * (1 + 1.2e-7))
    }

    @Test(
        "What cannot weigh is refused",
        arguments: [
            ([1.0, .nan], "weights[1]", "nan"), ([-1, 1], "weights[0]", "-1"),
            ([1], "weights", "1 of them"), ([0, 0], "weights", "only 0"),
            ([1, 1], "weights", "2 effective events"), ([.infinity, 1], "weights[0]", "inf"),
        ]
    )
    func refuse(weights: [Double], what: String, found: String) {
        let error = #expect(throws: CalibrationError.self) {
            try Self.fit([1, 2], weights: weights)
        }
        #expect(error?.what == what)
        #expect(error?.found == found)
    }

    @Test func `Two scores an event have no weights`() throws {
        let error = #expect(throws: CalibrationError.self) {
            try WeightedConformal.fit(
                .cqrAsymmetric,
                bins: .whole,
                samples: Array(
                    repeating: .init(truth: 1, value: 1, lower: 0, upper: 2),
                    count: 200
                ),
                binColumns: [],
                weight: .column(Self.column),
                weights: Array(repeating: 1, count: 200)
            )
        }
        #expect(error?.what == "method")
    }
}
