import Calibration
import Foundation
import TestSupport
import Testing

@Suite struct LeakageCutTests {
    @Test(
        "As many pass as the binomial law allows",
        arguments: [(2303, 1e-3, 0.9), (10_000, 1e-3, 0.95), (500, 0.05, 0.99)]
    )
    func count(events: Int, leakage: Double, confidence: Double) throws {
        let scores = (0..<events).map(Double.init)
        let cut = try #require(
            try LeakageCut(background: scores.shuffled(), leakage: leakage, confidence: confidence)
        )
        let law = BinomialLaw(trials: events, probability: leakage)
        #expect(law.cumulative(upTo: cut.passing) <= 1 - confidence)
        #expect(law.cumulative(upTo: cut.passing + 1) > 1 - confidence)
        #expect(cut.threshold == Double(events - 1 - cut.passing))
        #expect(cut.backgroundEvents == events)
    }

    @Test("Too few events certify nothing", arguments: [(1e-3, 0.95), (0.2, 0.5), (1e-2, 0.999)])
    func tooFew(leakage: Double, confidence: Double) throws {
        let fewest = LeakageCut.fewestEvents(leakage: leakage, confidence: confidence)
        #expect(Double(fewest) >= log(1 - confidence) / log1p(-leakage))
        #expect(Double(fewest) < log(1 - confidence) / log1p(-leakage) + 1)
        for events in [0, 1, fewest - 1] {
            let scores = (0..<events).map(Double.init)
            let cut = try LeakageCut(background: scores, leakage: leakage, confidence: confidence)
            #expect(cut == nil)
        }
        let scores = (0..<fewest).map(Double.init)
        let cut = try LeakageCut(background: scores, leakage: leakage, confidence: confidence)
        #expect(cut?.threshold == Double(fewest - 1) && cut?.passing == 0)
    }

    @Test(
        "The leakage is kept in as many calibrations as promised, with and without ties",
        arguments: [0.9, 0.6],
        [false, true]
    )
    func promise(confidence: Double, isCoarse: Bool) throws {
        var random = SeededRandom(seed: 11)
        let (repetitions, events, leakage) = (2000, 1000, 0.01)
        var broken = 0
        for _ in 0..<repetitions {
            let scores = (0..<events).map { _ in
                isCoarse ? (random.uniform() * 50).rounded(.down) / 50 : random.uniform()
            }
            let cut = try #require(
                try LeakageCut(background: scores, leakage: leakage, confidence: confidence)
            )
            // Uniform scores: the leakage is the length above the threshold, whole steps if coarse.
            let leaked = isCoarse ? 1 - cut.threshold - 0.02 : 1 - cut.threshold
            if leaked > leakage + 1e-12 { broken += 1 }
        }
        let allowed = (1 - confidence) * Double(repetitions)
        #expect(Double(broken) < allowed + 5 * (allowed * confidence).squareRoot())
        // Not for nothing: a continuous score nearly uses what it may.
        if !isCoarse { #expect(Double(broken) > allowed / 2) }
    }

    @Test("The true threshold lies in its band as often as promised", arguments: [0.68, 0.95])
    func band(level: Double) {
        var random = SeededRandom(seed: 12)
        let repetitions = 2000
        var outside = 0
        for _ in 0..<repetitions {
            let scores = (0..<500).map { _ in random.uniform() }
            let (low, high) = LeakageCut.thresholdBand(
                background: scores,
                leakage: 0.05,
                level: level
            )
            if low > 0.95 || high < 0.95 { outside += 1 }
        }
        let allowed = (1 - level) * Double(repetitions)
        #expect(Double(outside) < allowed + 5 * (allowed * level).squareRoot())
        #expect(Double(outside) > allowed / 2)
    }

    @Test func `A band of too few events has no upper end`() {
        let few = LeakageCut.thresholdBand(
            background: [1, 2, 3],
            leakage: 0.01,
            level: 0.9
        )
        #expect(few == (3, .infinity))
        #expect(
            LeakageCut.thresholdBand(background: [], leakage: 0.5, level: 0.9)
                == (-.infinity, .infinity)
        )
    }

    @Test func `Ties with the threshold do not pass`() throws {
        let scores = [Double](repeating: 3, count: 4000) + [1, 2]
        let cut = try #require(
            try LeakageCut(background: scores, leakage: 1e-2, confidence: 0.9)
        )
        #expect(cut.threshold == 3 && cut.passing == 0)
    }

    @Test(
        "What is no cut is refused",
        arguments: [
            ([1.0, .nan], 0.1, 0.9, "scores[1]"), ([1], 0, 0.9, "leakage"),
            ([1], 1, 0.9, "leakage"),
            ([1], .nan, 0.9, "leakage"), ([1], 0.1, 1, "confidence"),
        ]
    )
    func refuse(scores: [Double], leakage: Double, confidence: Double, what: String) {
        let error = #expect(throws: CalibrationError.self) {
            _ = try LeakageCut(background: scores, leakage: leakage, confidence: confidence)
        }
        #expect(error?.what == what)
    }
}
