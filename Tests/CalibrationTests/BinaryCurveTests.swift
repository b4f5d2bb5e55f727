import Calibration
import Foundation
import TestSupport
import Testing

@Suite struct BinaryCurveTests {
    private static func events(
        _ count: Int,
        seed: UInt64,
        _ probability: (Double) -> Double
    ) -> (scores: [Double], labels: [Bool]) {
        var random = SeededRandom(seed: seed)
        let scores = (0..<count).map { _ in 3 * random.normal() }
        return (scores, scores.map { random.uniform() < probability($0) })
    }

    @Test("Every method gives probabilities that rise", arguments: BinaryCurve.Method.allCases)
    func rising(method: BinaryCurve.Method) throws {
        let (scores, labels) = Self.events(2000, seed: 3) { 1 / (1 + exp(-$0)) }
        let curve = try BinaryCurve.fit(method, scores: scores, labels: labels)
        #expect(curve.method == method)
        let found = scores.sorted().map(curve.probability)
        #expect(found.allSatisfy { $0 > 0 && $0 < 1 })
        #expect(zip(found, found.dropFirst()).allSatisfy { $0 <= $1 + 1e-15 })
        #expect(curve.logLoss(scores: scores, labels: labels) < 0.45)
    }

    @Test func `The curve that made the events is chosen`() throws {
        // Too sharp by a factor: few parameters say it all.
        let sharp = Self.events(1500, seed: 5) { 1 / (1 + exp(-0.4 * $0)) }
        let forSharp = try BinaryCurve.heldOutLosses(scores: sharp.scores, labels: sharp.labels)
        #expect([.temperature, .platt, .beta].contains(forSharp[0].method))
        // A curve that no logistic form has: it rises in two steps.
        let stepped = Self.events(20_000, seed: 6) { $0 < -1 ? 0.1 : $0 < 1 ? 0.5 : 0.6 }
        let forStepped = try BinaryCurve.heldOutLosses(
            scores: stepped.scores,
            labels: stepped.labels
        )
        #expect([.vennAbers, .isotonic].contains(forStepped[0].method))
        for losses in [forSharp, forStepped] {
            #expect(losses.count == BinaryCurve.Method.allCases.count)
            #expect(zip(losses, losses.dropFirst()).allSatisfy { $0.logLoss <= $1.logLoss })
        }
    }

    @Test func `The same events give the same losses`() throws {
        let (scores, labels) = Self.events(500, seed: 9) { 1 / (1 + exp(-$0)) }
        let first = try BinaryCurve.heldOutLosses(scores: scores, labels: labels)
        #expect(try BinaryCurve.heldOutLosses(scores: scores, labels: labels) == first)
    }

    @Test func `A fold without a class is refused, not guessed`() {
        #expect(throws: CalibrationError.self) {
            try BinaryCurve.heldOutLosses(
                scores: [1, 2, 3, 4],
                labels: [false, false, false, true]
            )
        }
    }
}
