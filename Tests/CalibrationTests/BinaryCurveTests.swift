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
        let forSharp = try HeldOutCurve.all(scores: sharp.scores, labels: sharp.labels)
        #expect([.temperature, .platt, .beta].contains(forSharp[0].method))
        // A curve that no logistic form has: it rises in two steps.
        let stepped = Self.events(20_000, seed: 6) { $0 < -1 ? 0.1 : $0 < 1 ? 0.5 : 0.6 }
        let forStepped = try HeldOutCurve.all(
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
        let first = try HeldOutCurve.all(scores: scores, labels: labels)
        #expect(try HeldOutCurve.all(scores: scores, labels: labels) == first)
    }

    @Test func `Losses are those of probabilities that other folds gave`() throws {
        let (scores, labels) = Self.events(600, seed: 10) { 1 / (1 + exp(-$0)) }
        let parts = HeldOutParts.dealt(HeldOutCurve.folds, groups: labels.map { $0 ? 1 : 0 })
        for curve in try HeldOutCurve.all(scores: scores, labels: labels) {
            let fitted = parts.indices.filter { parts[$0] != 2 }
            let own = try BinaryCurve.fit(
                curve.method,
                scores: fitted.map { scores[$0] },
                labels: fitted.map { labels[$0] }
            )
            let out = parts.indices.filter { parts[$0] == 2 }
            #expect(out.map { curve.probabilities[$0] } == out.map { own.probability(scores[$0]) })
            let losses = zip(curve.probabilities, labels).map { -log($1 ? $0 : 1 - $0) }
            #expect(abs(curve.logLoss - losses.reduce(0, +) / 600) < 1e-12)
            let misses = zip(curve.probabilities, labels).map { pow($0 - ($1 ? 1 : 0), 2) }
            #expect(abs(curve.brier - misses.reduce(0, +) / 600) < 1e-12)
            #expect(curve.logLossError > 0.001 && curve.logLossError < 0.1)
            #expect(curve.pairWidths.count == (curve.method == .vennAbers ? 600 : 0))
            #expect(curve.pairWidths.allSatisfy { $0 > 0 && $0 <= 1 })
        }
    }

    @Test func `Two events of a class suffice for folds`() throws {
        let curves = try HeldOutCurve.all(
            scores: [1, 2, 3, 4, 5],
            labels: [false, true, false, false, true]
        )
        #expect(curves.count == 5 && curves.allSatisfy { $0.logLoss.isFinite })
    }

    @Test func `A fold without a class is refused, not guessed`() {
        #expect(throws: CalibrationError.self) {
            try HeldOutCurve.all(
                scores: [1, 2, 3, 4],
                labels: [false, false, false, true]
            )
        }
    }
}
