import Calibration
import TestSupport
import Testing

@Suite struct IsotonicCalibrationTests {
    @Test("The curve is that of scikit-learn", arguments: Golden.shared.isotonic.indices)
    func reference(index: Int) throws {
        let golden = Golden.shared.isotonic[index]
        let fitted = try IsotonicCalibration.fit(
            scores: golden.scores,
            labels: golden.labels.map { $0 == 1 }
        )
        let found = golden.test.map(fitted.probability)
        #expect(largestDifference(found, golden.probabilities) < 1e-14)
    }

    @Test("It lies within the Venn-ABERS pair", arguments: 1...20 as ClosedRange<UInt64>)
    func pair(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let scores = (0..<200).map { _ in (random.uniform() * 60).rounded(.down) / 60 }
        let labels = scores.map { random.uniform() < $0 }
        let curve = try IsotonicCalibration.fit(scores: scores, labels: labels)
        let pairs = try VennAbers.fit(scores: scores, labels: labels)
        for score in scores + (0..<100).map({ _ in random.uniform() }) {
            let (p0, p1) = pairs.pair(score)
            let probability = curve.probability(score)
            // Both are kept from the very ends in their own way.
            #expect(p0 - 1e-12 <= max(probability, p0 > 0.99 ? p0 : 0))
            #expect(probability <= max(p1, 1.0 / 202) + 1e-12)
        }
    }

    @Test func `It never calls a surprise impossible`() throws {
        let curve = try IsotonicCalibration.fit(
            scores: [1, 2, 3, 4],
            labels: [false, false, true, true]
        )
        #expect(curve.probability(-100) == 1.0 / 6 && curve.probability(100) == 1 - 1.0 / 6)
        #expect(curve.probability(2.5) == 0.5)
        #expect(curve.probability(.nan).isNaN)
        #expect(curve.events == 4)
    }

    @Test func `One class is refused`() {
        #expect(throws: CalibrationError.self) {
            try IsotonicCalibration.fit(scores: [1, 2], labels: [true, true])
        }
    }
}
