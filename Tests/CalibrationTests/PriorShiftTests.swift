import Calibration
import Foundation
import Testing

@Suite struct PriorShiftTests {
    @Test("Certainty stays certain", arguments: [0.0, 1.0])
    func certain(p: Double) {
        #expect(PriorShift.shifted(p, from: 0.5, to: 0.005) == p)
        #expect(PriorShift.shifted(p, from: 0.3, to: 1e-12) == p)
        let ratio = PriorShift.logLikelihoodRatio(p, prior: 0.5)
        #expect(ratio == (p == 0 ? -.infinity : .infinity))
    }

    @Test("Equal priors change nothing", arguments: [1e-300, 0.1, 0.5, 0.999, 1 - 0x1p-53])
    func identity(p: Double) {
        #expect(PriorShift.shifted(p, from: 0.37, to: 0.37) == p)
        #expect(PriorShift.logLikelihoodRatio(p, prior: p) == 0)
    }

    @Test("The shift is that of the log odds", arguments: [1e-9, 0.01, 0.3, 0.5, 0.9, 0.9999])
    func logOdds(p: Double) {
        func logit(_ x: Double) -> Double { log(x) - log1p(-x) }
        for (from, to) in [(0.5, 0.005), (0.2, 0.9), (0.5, 1e-6), (0.01, 0.5)] {
            let shifted = PriorShift.shifted(p, from: from, to: to)
            let wanted = 1 / (1 + exp(-(logit(p) + logit(to) - logit(from))))
            #expect(abs(shifted - wanted) <= 1e-14)
            #expect(abs(PriorShift.shifted(shifted, from: to, to: from) - p) <= 1e-12)
            let ratio = PriorShift.logLikelihoodRatio(p, prior: from)
            #expect(abs(ratio - (logit(p) - logit(from))) <= 1e-13 * max(1, abs(ratio)))
            // A likelihood ratio knows no prior.
            #expect(abs(PriorShift.logLikelihoodRatio(shifted, prior: to) - ratio) <= 1e-8)
        }
    }

    @Test func `A near-certain signal is a coin toss at a small prior`() {
        let shifted = PriorShift.shifted(0.99, from: 0.5, to: 0.005)
        #expect(abs(shifted - 99.0 / 298) < 1e-15)
        #expect(abs(PriorShift.logLikelihoodRatio(0.99, prior: 0.5) - log(99)) < 1e-13)
    }
}
