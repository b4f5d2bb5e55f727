import Calibration
import TestSupport
import Testing

@Suite struct CoverageLawTests {
    @Test("The law is scipy's betabinom", arguments: Golden.shared.beta_binomial.indices)
    func reference(index: Int) {
        let golden = Golden.shared.beta_binomial[index]
        let law = BetaBinomial(trials: golden.trials, alpha: golden.alpha, beta: golden.beta)
        #expect(golden.probabilities.map(law.quantile) == golden.quantiles)
        // scipy sums log-gammas: its own error at a million trials is some 1e-9.
        let tolerance = 1e-12 + 1e-14 * Double(golden.trials)
        let found = golden.counts.map { law.cumulative(upTo: $0) }
        #expect(largestDifference(found, golden.cumulative) <= tolerance)
    }

    @Test func `The published spread of a measured coverage comes out`() {
        // 90 % nominal, 5 to 95 %: 0.848 to 0.945 for 100 events, 0.884 to 0.915 for 1,000.
        let hundred = CoverageLaw.band(
            calibrationEvents: 100,
            testEvents: 1_000_000,
            coverage: 0.9,
            level: 0.9
        )
        #expect(abs(hundred.low - 0.848) < 0.001 && abs(hundred.high - 0.945) < 0.001)
        let thousand = CoverageLaw.band(
            calibrationEvents: 1000,
            testEvents: 1_000_000,
            coverage: 0.9,
            level: 0.9
        )
        #expect(abs(thousand.low - 0.884) < 0.001 && abs(thousand.high - 0.915) < 0.001)
    }

    @Test func `An infinite interval covers everything, no test says nothing`() {
        let few = CoverageLaw.band(calibrationEvents: 8, testEvents: 50, coverage: 0.9, level: 0.95)
        #expect(few == (1, 1))
        let none = CoverageLaw.band(calibrationEvents: 99, testEvents: 0, coverage: 0.9, level: 0.9)
        #expect(none == (0, 1))
    }

    @Test("A wider level gives a wider band", arguments: [10, 1_000, 100_000])
    func nested(testEvents: Int) {
        let bands = [0.5, 0.9, 0.99].map {
            CoverageLaw.band(
                calibrationEvents: 500,
                testEvents: testEvents,
                coverage: 0.9,
                level: $0
            )
        }
        #expect(bands[2].low <= bands[1].low && bands[1].low <= bands[0].low)
        #expect(bands[0].high <= bands[1].high && bands[1].high <= bands[2].high)
    }

    @Test("Measured coverages follow the law", arguments: [(50, 0.9), (200, 0.9), (400, 0.68)])
    func simulated(events: Int, coverage: Double) throws {
        var random = SeededRandom(seed: UInt64(events))
        let (repetitions, testEvents) = (300, 400)
        let band = CoverageLaw.band(
            calibrationEvents: events,
            testEvents: testEvents,
            coverage: coverage,
            level: 0.9
        )
        var inside = 0
        var covered = 0
        for _ in 0..<repetitions {
            let conformal = try SplitConformal.fit(
                .absolute,
                bins: .whole,
                samples: (0..<events).map { _ in .init(truth: random.normal(), value: 0) },
                binColumns: []
            )
            let quantile = conformal.quantile(bin: 0, coverage: coverage)
            let hits = (0..<testEvents).count { _ in
                let truth = random.normal()
                let ends = conformal.interval(
                    quantile,
                    value: 0,
                    lower: .nan,
                    upper: .nan,
                    sigma: .nan
                )
                return truth >= ends.lower && truth <= ends.upper
            }
            covered += hits
            let fraction = Double(hits) / Double(testEvents)
            if fraction >= band.low && fraction <= band.high { inside += 1 }
        }
        // 300 coverages in a 90 % band: 270 expected, 5.2 standard deviation; bounds at four.
        #expect(inside >= 249 && inside <= 291)
        let mean = Double(covered) / Double(repetitions * testEvents)
        let rank = ConformalRank.rank(events: events, coverage: coverage)
        #expect(abs(mean - Double(rank) / Double(events + 1)) < 0.01)
    }

    @Test("The band of p-values is that of what remains", arguments: [0.1, 0.01, 0.5])
    func pValues(level: Double) {
        let above = CoverageLaw.band(
            calibrationEvents: 150,
            testEvents: 80,
            coverage: 1 - level,
            level: 0.99
        )
        let band = CoverageLaw.bandOfPValues(
            calibrationEvents: 150,
            testEvents: 80,
            pValue: level,
            level: 0.99
        )
        #expect(band == (1 - above.high, 1 - above.low))
        // ⌊151 p⌋ of 151 gaps lie above the score whose p-value is p.
        let expected = (Double(151) * level).rounded(.down) / 151
        #expect(band.low <= expected && expected <= band.high)
    }

    @Test func `The band of two ends holds that of one score and is not much wider`() {
        for events in [50, 500, 5000] {
            let one = CoverageLaw.band(
                calibrationEvents: events,
                testEvents: events,
                coverage: 0.9,
                level: 0.9
            )
            let two = CoverageLaw.bandOfTwoEnds(
                calibrationEvents: events,
                testEvents: events,
                coverage: 0.9,
                level: 0.9
            )
            #expect(two.low < one.low && one.high < two.high)
            #expect(two.high - two.low < 4 * (one.high - one.low))
        }
        let few = CoverageLaw.bandOfTwoEnds(
            calibrationEvents: 18,
            testEvents: 10,
            coverage: 0.9,
            level: 0.9
        )
        #expect(few == (1, 1))
    }
}
