import Calibration
import Foundation
import TestSupport
import Testing

@Suite struct CurveTableTests {
    private struct Answers: Equatable {
        var value: [Float]
        var lower: [Float]
        var upper: [Float]
        var ratio: [Float]
    }

    /// What a table writes beside pairs of `low` and `high`.
    private static func answers(
        _ table: CurveTable,
        _ scores: [Float],
        prior: Double?,
        low: Float = 0.5,
        high: Float = 0.5
    ) -> Answers {
        let empty = [Float](repeating: -1, count: scores.count)
        var found = Answers(
            value: empty,
            lower: empty.map { _ in low },
            upper: empty.map { _ in high },
            ratio: empty
        )
        unsafe table.write(
            scores,
            rows: scores.count,
            prior: prior,
            value: &found.value,
            lower: &found.lower,
            upper: &found.upper,
            ratio: &found.ratio
        )
        return found
    }

    private static func curve(_ method: BinaryCurve.Method) throws -> (BinaryCurve, Double) {
        var random = SeededRandom(seed: 14)
        let scores = (0..<2000).map { _ in 3 * random.normal() }
        let labels = scores.map { random.uniform() < 1 / (1 + exp(1 - 0.7 * $0)) }
        let share = Double(labels.count { $0 }) / 2000
        return (try BinaryCurve.fit(method, scores: scores, labels: labels), share)
    }

    @Test(
        "Answers are those of the curve, and the pair holds them",
        arguments: BinaryCurve.Method.allCases,
        [nil, 0.5, 0.001] as [Double?]
    )
    func answers(method: BinaryCurve.Method, prior: Double?) throws {
        let (curve, share) = try Self.curve(method)
        let scores = stride(from: -12 as Float, through: 12, by: 0.37).map { $0 }
        let found = Self.answers(CurveTable(curve, prior: share), scores, prior: prior)
        for (index, score) in scores.enumerated() {
            let own = curve.probability(Double(score))
            let wanted = PriorShift.shifted(own, from: share, to: prior ?? share)
            #expect(abs(Double(found.value[index]) - wanted) < 1e-7)
            let ratio = PriorShift.logLikelihoodRatio(own, prior: share)
            #expect(abs(Double(found.ratio[index]) - ratio) < 1e-5)
            #expect(found.lower[index] <= found.value[index])
            #expect(found.value[index] <= found.upper[index])
            #expect(found.lower[index] <= 0.5 && found.upper[index] >= 0.5)
        }
    }

    @Test(
        "A score has the same bits whatever stands beside it",
        arguments: [0.5, nil] as [Double?]
    )
    func alone(prior: Double?) throws {
        let (curve, share) = try Self.curve(.beta)
        let table = CurveTable(curve, prior: share)
        let scores = stride(from: -9 as Float, through: 9, by: 0.21).map { $0 }
        let all = Self.answers(table, scores, prior: prior)
        for (index, score) in scores.enumerated() {
            let one = Self.answers(table, [score], prior: prior)
            #expect(one.value[0] == all.value[index] && one.ratio[0] == all.ratio[index])
        }
    }

    @Test func `NaN has no answer, a score without bounds the end it points to`() throws {
        let (curve, share) = try Self.curve(.platt)
        let found = Self.answers(
            CurveTable(curve, prior: share),
            [.nan, .infinity, -.infinity],
            prior: 0.01
        )
        #expect(found.value[0].isNaN && found.lower[0].isNaN && found.upper[0].isNaN)
        #expect(found.ratio[0].isNaN)
        #expect(found.value[1] == 1 && found.value[2] == 0)
        #expect(found.ratio[1] == .infinity && found.ratio[2] == -.infinity)
    }
}
