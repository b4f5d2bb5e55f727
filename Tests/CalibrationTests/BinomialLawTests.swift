import Calibration
import Testing

@Suite struct BinomialLawTests {
    @Test("The law is scipy's binom", arguments: Golden.shared.binomial.indices)
    func reference(index: Int) {
        let golden = Golden.shared.binomial[index]
        let law = BinomialLaw(trials: golden.trials, probability: golden.probability)
        for (count, wanted) in zip(golden.counts, golden.cumulative) {
            let found = law.cumulative(upTo: count)
            #expect(abs(found - wanted) <= 1e-12 + 1e-9 * min(wanted, 1 - wanted), "\(count)")
        }
    }

    @Test("Intervals are scipy's exact ones", arguments: Golden.shared.proportions.indices)
    func intervals(index: Int) {
        let golden = Golden.shared.proportions[index]
        let found = BinomialLaw.interval(
            successes: golden.successes,
            trials: golden.trials,
            level: golden.level
        )
        // scipy's own root finder stops at 2e-12.
        #expect(abs(found.lower - golden.lower) < 1e-10)
        #expect(abs(found.upper - golden.upper) < 1e-10)
    }

    @Test func `The ends of the law`() {
        #expect(BinomialLaw(trials: 5, probability: 0).cumulative(upTo: 0) == 1)
        #expect(BinomialLaw(trials: 5, probability: 1).cumulative(upTo: 4) == 0)
        #expect(BinomialLaw(trials: 5, probability: 1).cumulative(upTo: 5) == 1)
        #expect(BinomialLaw(trials: 5, probability: 0.3).cumulative(upTo: -1) == 0)
        #expect(BinomialLaw(trials: 0, probability: 0.3).cumulative(upTo: 0) == 1)
        #expect(BinomialLaw.interval(successes: 0, trials: 0, level: 0.9) == (0, 1))
        #expect(BinomialLaw.upperLimit(successes: 3, trials: 3, level: 0.9) == 1)
    }
}
