import Foundation
import Monitoring
import TestSupport
import Testing

@Suite struct ExchangeabilityMartingaleTests {
    @Test("Capitals are those of MAPIE", arguments: Golden.shared.martingales.indices)
    func reference(index: Int) {
        let golden = Golden.shared.martingales[index]
        var martingale = ExchangeabilityMartingale()
        for (pValue, capital) in zip(golden.p, golden.capital) {
            martingale.bet(pValue)
            #expect(abs(martingale.logCapital - log(capital)) < 1e-10)
        }
        #expect(martingale.events == golden.p.count)
        #expect(abs(martingale.largestLogCapital - log(max(1, golden.capital.max() ?? 1))) < 1e-10)
    }

    @Test func `Without a shift it does not cry wolf, however long`() {
        var random = SeededRandom(seed: 6)
        let repetitions = 400
        var alarms = 0
        for _ in 0..<repetitions {
            var martingale = ExchangeabilityMartingale()
            for _ in 0..<5000 { martingale.bet(random.uniform()) }
            if martingale.isAlarm(chance: 0.05) { alarms += 1 }
        }
        // At most 20 are promised; five standard deviations above.
        #expect(alarms <= 41)
    }

    @Test("A shift is found, later if it is small", arguments: [(0.5, 1000), (0.2, 20_000)])
    func shift(size: Double, within: Int) {
        var random = SeededRandom(seed: 7)
        var martingale = ExchangeabilityMartingale()
        var steps = 0
        while !martingale.isAlarm(chance: 0.001), steps < 100_000 {
            // P-values that are smaller than they should be.
            martingale.bet(pow(random.uniform(), 1 + size))
            steps += 1
        }
        #expect(steps < within)
    }

    @Test func `Capital beyond what a number holds is kept`() {
        var martingale = ExchangeabilityMartingale()
        for _ in 0..<10_000 { martingale.bet(0) }
        #expect(martingale.logCapital > 3000 && martingale.logCapital.isFinite)
        for _ in 0..<100_000 { martingale.bet(0.5) }
        #expect(martingale.logCapital.isFinite)
        #expect(martingale.isAlarm(chance: 1e-9))
    }
}
