import Calibration
import TestSupport
import Testing

@Suite struct WeightedScoresTests {
    @Test("Equal weights give the usual quantile", arguments: [1, 9, 10, 99, 100, 1000])
    func equal(events: Int) throws {
        let scores = (1...events).map(Double.init)
        let weighted = try WeightedScores(
            scores: scores.shuffled(),
            weights: scores.map { _ in 0.3 }
        )
        #expect(abs(weighted.effectiveEvents - Double(events)) < 1e-9 * Double(events))
        for coverage in [0.01, 0.1, 0.5, 0.68, 0.9, 0.95, 0.99, 0.999] {
            let rank = ConformalRank.rank(events: events, coverage: coverage)
            let wanted = rank <= events ? scores[rank - 1] : .infinity
            #expect(weighted.quantile(coverage: coverage, weight: 0.3) == wanted, "\(coverage)")
        }
    }

    @Test("Quantiles are numpy's", arguments: Golden.shared.weighted.indices)
    func reference(index: Int) throws {
        let golden = Golden.shared.weighted[index]
        let weighted = try WeightedScores(scores: golden.scores, weights: golden.weights)
        #expect(abs(weighted.effectiveEvents - golden.effective) < 1e-9 * golden.effective)
        for wanted in golden.wanted {
            let found = weighted.quantile(coverage: wanted.coverage, weight: wanted.weight)
            #expect(found == wanted.quantile ?? .infinity)
        }
    }

    @Test("The quantile is the definition's", arguments: 1...100)
    func definition(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let count = Int.random(in: 1...60, using: &random)
        let scores = (0..<count).map { _ in (random.normal() * 4).rounded() / 4 }
        // Multiples of 1/64: sums are exact.
        let weights = (0..<count).map { _ in Double(Int.random(in: 0...128, using: &random)) / 64 }
        guard weights.contains(where: { $0 > 0 }) else { return }
        let weighted = try WeightedScores(scores: scores, weights: weights)
        let own = Double(Int.random(in: 0...256, using: &random)) / 64
        let all = weights.reduce(own, +)
        for coverage in [0.125, 0.5, 0.75, 0.9375] {
            let wanted = scores.sorted().first { score in
                zip(scores, weights).reduce(0) { $1.0 <= score ? $0 + $1.1 : $0 } >= coverage * all
            }
            #expect(weighted.quantile(coverage: coverage, weight: own) == wanted ?? .infinity)
        }
        let squares = weights.reduce(0) { $0 + $1 * $1 }
        let effective = (all - own) * (all - own) / squares
        #expect(abs(weighted.effectiveEvents - effective) < 1e-9 * effective)
    }

    @Test func `Weights repair the coverage that a shift breaks`() throws {
        // Calibrated on x uniform, tested on the density 2x; residuals grow with x.
        var random = SeededRandom(seed: 3)
        var (plain, weighted, events) = (0, 0, 0)
        for _ in 0..<40 {
            let places = (0..<1000).map { _ in random.uniform() }
            let scores = places.map { abs(random.normal()) * ($0 + 0.05) }
            let shifted = try WeightedScores(scores: scores, weights: places.map { 2 * $0 })
            let usual = try WeightedScores(scores: scores, weights: places.map { _ in 1 })
            for _ in 0..<250 {
                let place = random.uniform().squareRoot()
                let score = abs(random.normal()) * (place + 0.05)
                events += 1
                if score <= shifted.quantile(coverage: 0.9, weight: 2 * place) { weighted += 1 }
                if score <= usual.quantile(coverage: 0.9, weight: 1) { plain += 1 }
            }
        }
        let spread = (0.09 / Double(events)).squareRoot() + 0.3 / (40_000.0).squareRoot()
        #expect(Double(plain) / Double(events) < 0.87)
        #expect(abs(Double(weighted) / Double(events) - 0.9) < 5 * spread)
    }

    @Test func `An event that outweighs all has no finite quantile`() throws {
        let scores = try WeightedScores(scores: [1, 2, 3], weights: [1, 1, 1])
        #expect(scores.quantile(coverage: 0.5, weight: 3) == 3)
        #expect(scores.quantile(coverage: 0.5, weight: 3.1) == .infinity)
        #expect(scores.quantile(coverage: 0.5, weight: .infinity) == .infinity)
        #expect(scores.quantile(coverage: 0.5, weight: .nan) == .infinity)
        #expect(scores.quantile(coverage: 0.5, weight: -1) == .infinity)
        let huge = try WeightedScores(scores: [1, 2], weights: [1e300, 1e300])
        #expect(huge.effectiveEvents == 2)
    }

    @Test(
        "What cannot weigh is refused",
        arguments: [
            ([], [], "weights"), ([1], [1, 2], "weights"), ([1, 2], [0, 0], "weights"),
            ([1, .nan], [1, 1], "scores[1]"), ([1, 2], [1, -1], "weights[1]"),
            ([1, 2], [.infinity, 1], "weights[0]"),
        ]
    )
    func refuse(scores: [Double], weights: [Double], what: String) {
        let error = #expect(throws: CalibrationError.self) {
            _ = try WeightedScores(scores: scores, weights: weights)
        }
        #expect(error?.what == what)
    }
}
