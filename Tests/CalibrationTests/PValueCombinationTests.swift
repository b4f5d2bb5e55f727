import Calibration
import TestSupport
import Testing

@Suite struct PValueCombinationTests {
    @Test("Combined p-values are scipy's", arguments: Golden.shared.combination.indices)
    func reference(index: Int) {
        let golden = Golden.shared.combination[index]
        #expect(abs(PValueCombination.fisher(golden.p) - golden.fisher) < 1e-10)
        #expect(abs(PValueCombination.simes(golden.p) - golden.simes) < 1e-14)
    }

    @Test func `The ends`() {
        #expect(PValueCombination.fisher([1, 1]) == 1)
        #expect(PValueCombination.fisher([0, 1]) == 0)
        #expect(PValueCombination.simes([1, 1]) == 1)
        #expect(PValueCombination.fisher([]).isNaN && PValueCombination.simes([]).isNaN)
        #expect(PValueCombination.fisher([0.5, .nan]).isNaN)
        #expect(PValueCombination.simes([0.5, .nan]).isNaN)
    }

    @Test func `Under the null both are as rare as they say, Fisher only if independent`() {
        var random = SeededRandom(seed: 8)
        let trials = 40_000
        var (fisher, simes, dependentFisher, dependentSimes) = (0, 0, 0, 0)
        for _ in 0..<trials {
            let pair = [random.uniform(), random.uniform()]
            if PValueCombination.fisher(pair) <= 0.05 { fisher += 1 }
            if PValueCombination.simes(pair) <= 0.05 { simes += 1 }
            // Two scores that say the same.
            let same = [pair[0], pair[0]]
            if PValueCombination.fisher(same) <= 0.05 { dependentFisher += 1 }
            if PValueCombination.simes(same) <= 0.05 { dependentSimes += 1 }
        }
        let spread = 5 * (0.05 * 0.95 * Double(trials)).squareRoot()
        let wanted = 0.05 * Double(trials)
        #expect(abs(Double(fisher) - wanted) < spread)
        #expect(abs(Double(simes) - wanted) < spread)
        #expect(abs(Double(dependentSimes) - wanted) < spread)
        // The caveat of its documentation.
        #expect(Double(dependentFisher) > wanted + spread)
    }
}
