import Calibration
import TestSupport
import Testing

@Suite struct BenjaminiHochbergTests {
    @Test("q-values are scipy's", arguments: Golden.shared.discoveries.indices)
    func reference(index: Int) {
        let golden = Golden.shared.discoveries[index]
        let found = BenjaminiHochberg.qValues(golden.p)
        #expect(largestDifference(found, golden.q) <= 1e-15)
    }

    @Test func `The textbook's step-up rejects past a p-value above its own bound`() {
        // Bounds at q = 0.1: 0.025, 0.05, 0.075, 0.1. The second fails its own, the third passes.
        let rejected = BenjaminiHochberg.rejected(pValues: [0.9, 0.06, 0.07, 0.02], q: 0.1)
        #expect(rejected == [false, true, true, true])
    }

    @Test(
        "Fractions that meet their bound exactly are discoveries",
        arguments: [(3, 1000, 100), (1, 100, 10), (7, 1000, 70)]
    )
    func exactTies(numerator: Int, denominator: Int, count: Int) {
        // `numerator` p-values of numerator/denominator among `count`, at the q they just meet.
        let p = Double(numerator) / Double(denominator)
        let pValues =
            [Double](repeating: p, count: numerator)
            + [Double](repeating: 1, count: count - numerator)
        let q = Double(count) / Double(denominator)
        let rejected = BenjaminiHochberg.rejected(pValues: pValues, q: q)
        #expect(rejected.count { $0 } == numerator)
    }

    @Test func `Nothing is found in nothing, nor in NaN`() {
        #expect(BenjaminiHochberg.qValues([]).isEmpty)
        #expect(BenjaminiHochberg.rejected(pValues: [.nan, 0.001], q: 0.1) == [false, true])
    }

    @Test("The mean false discovery proportion stays below q", arguments: [0.05, 0.1, 0.2])
    func simulated(q: Double) throws {
        var random = SeededRandom(seed: 11)
        let repetitions = 300
        var proportions: [Double] = []
        for _ in 0..<repetitions {
            // One calibration shared by all p-values, as in the daemon.
            let table = try ConformalPValues.fit(
                scores: (0..<1000).map { _ in random.normal() },
                bins: .whole,
                binColumns: []
            )
            let isSignal = (0..<200).map { $0 < 20 }
            let pValues = isSignal.map { signal in
                table.pValue(random.normal() + (signal ? 4 : 0), bin: 0)
            }
            let rejected = BenjaminiHochberg.rejected(pValues: pValues, q: q)
            let discoveries = rejected.count { $0 }
            let mistakes = zip(rejected, isSignal).count { $0 && !$1 }
            proportions.append(Double(mistakes) / Double(max(1, discoveries)))
        }
        let mean = proportions.reduce(0, +) / Double(repetitions)
        let variance = proportions.map { ($0 - mean) * ($0 - mean) }.reduce(0, +)
        let standardError = (variance / Double(repetitions * (repetitions - 1))).squareRoot()
        #expect(mean <= q + 2 * standardError)
        #expect(mean > q / 4)
    }
}
