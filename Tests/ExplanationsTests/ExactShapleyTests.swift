import Explanations
import Foundation
import TestSupport
import Testing

@Suite struct ExactShapleyTests {
    private static func values(
        _ background: Background,
        _ x: [Float],
        _ model: ([Double]) -> Double
    ) throws -> ShapleyValues {
        let method = try ExactShapley(background: background)
        return try method.values(scores: answers(method, x, model).span, event: 0)
    }

    @Test("Values and errors are those of shap", arguments: Golden.shared.exact.indices)
    func reference(index: Int) throws {
        let golden = Golden.shared.exact[index]
        let background = try Background(numbers: golden.background, features: golden.x.count)
        let found = try Self.values(background, golden.x, golden.model.score)
        #expect(distance(found.values, golden.values) < 1e-12)
        #expect(distance(found.standardErrors, golden.errors) < 1e-12)
        #expect(abs(found.base - golden.base) < 1e-12)
        #expect(found.score == golden.model.score(golden.x.map(Double.init)))
        #expect(abs(found.values.reduce(0, +) - (found.score - found.base)) < 1e-13)
    }

    /// Orders of joining, all of them.
    private static func orders(_ features: [Int]) -> [[Int]] {
        guard !features.isEmpty else { return [[]] }
        return features.flatMap { first in
            orders(features.filter { $0 != first }).map { [first] + $0 }
        }
    }

    @Test("Values are the mean over all orders", arguments: 1...6)
    func bruteForce(features: Int) throws {
        var random = SeededRandom(seed: UInt64(features))
        let rows = 4
        let numbers = (0..<rows * features).map { _ in Float(random.normal()) }
        let x = (0..<features).map { _ in Float(random.normal()) }
        func model(_ z: [Double]) -> Double {
            let product = z.reduce(1) { $0 * (1 + $1 / 2) }
            return product + sin(z[0]) * (z.max() ?? 0)
        }
        var expected = [Double](repeating: 0, count: features)
        let orders = Self.orders(Array(0..<features))
        for order in orders {
            for row in 0..<rows {
                var z = numbers[row * features..<(row + 1) * features].map(Double.init)
                for feature in order {
                    let before = model(z)
                    z[feature] = Double(x[feature])
                    expected[feature] += (model(z) - before) / Double(orders.count * rows)
                }
            }
        }
        let background = try Background(numbers: numbers, features: features)
        let found = try Self.values(background, x, model)
        #expect(distance(found.values, expected) < 1e-12)
    }

    @Test func `Equal features get the same, idle ones nothing, and sums of scores sums`() throws {
        var random = SeededRandom(seed: 3)
        var numbers: [Float] = []
        for _ in 0..<20 {
            let shared = Float(random.normal())
            numbers += [shared, shared, Float(random.normal()), Float(random.normal())]
        }
        let background = try Background(numbers: numbers, features: 4)
        let x: [Float] = [0.5, 0.5, -1, 2]
        let one = { (z: [Double]) in z[0] * z[1] * z[3] + z[0] + z[1] }
        let other = { (z: [Double]) in exp(z[0] / 3) + cos(z[3]) * z[1] }
        let first = try Self.values(background, x, one)
        #expect(abs(first.values[0] - first.values[1]) < 1e-13)
        #expect(abs(first.standardErrors[0] - first.standardErrors[1]) < 1e-13)
        #expect(first.values[2] == 0 && first.standardErrors[2] == 0)
        let second = try Self.values(background, x, other)
        let both = try Self.values(background, x) { one($0) - 2 * other($0) }
        let expected = zip(first.values, second.values).map { $0 - 2 * $1 }
        #expect(distance(both.values, expected) < 1e-12)
    }

    @Test func `Errors are those of a background that is a sample`() throws {
        var random = SeededRandom(seed: 11)
        let x: [Float] = [0.5, -1, 1, -0.5, 2]
        let truth = KnownGame.values(x.map(Double.init))
        let rows = 40
        var pulls = PullTest(features: 5)
        for _ in 0..<PullTest.events {
            let background = try normalBackground(rows: rows, features: 5, &random)
            pulls.take(try Self.values(background, x, KnownGame.score), truth: truth)
        }
        #expect(pulls.variances(draws: rows).allSatisfy { PullTest.bounds.contains($0) })
        #expect(pulls.means().allSatisfy { abs($0) < 4.5 })
    }

    @Test func `Rows do not depend on the piece they are written in, nor on the scores' type`()
        throws
    {
        let golden = Golden.shared.exact[4]
        let background = try Background(numbers: golden.background, features: golden.x.count)
        let method = try ExactShapley(background: background)
        #expect(method.evaluations == (1 << golden.x.count - 1) * background.rows + 1)
        let scores = answers(method, golden.x, piece: 1, golden.model.score)
        #expect(scores == answers(method, golden.x, piece: 300, golden.model.score))
        let singles = scores.map { Float($0) }
        let found = try method.values(scores: singles.span, event: 0)
        #expect(distance(found.values, golden.values) < 1e-6)
        let widened = singles.map(Double.init)
        #expect(try method.values(scores: widened.span, event: 0) == found)
    }

    @Test func `One background row is no sample`() throws {
        let background = try Background(numbers: [1, 2], features: 2)
        let found = try Self.values(background, [3, 5]) { $0[0] * $0[1] }
        #expect(found.values == [7, 6] && found.base == 2 && found.score == 15)
        #expect(found.standardErrors.allSatisfy { $0.isNaN })
    }

    @Test func `More than ten features are refused`() throws {
        let ten = try Background(numbers: [Float](repeating: 0, count: 10), features: 10)
        #expect(try ExactShapley(background: ten).evaluations == 1024)
        let eleven = try Background(numbers: [Float](repeating: 0, count: 11), features: 11)
        let error = #expect(throws: ExplanationError.self) {
            try ExactShapley(background: eleven)
        }
        #expect(
            error?.description
                == "features of exact Shapley values: found 11, allowed: at most 10"
        )
    }

    @Test func `A score that is not finite is named by event and coalition`() throws {
        let background = try Background(numbers: [0, 0, 0, 1, 1, 1], features: 3)
        let method = try ExactShapley(background: background)
        var scores = answers(method, [2, 2, 2]) { $0.reduce(0, +) }
        // Coalition 5 is {0, 2}.
        scores[5 * 2 + 1] = .nan
        var error = #expect(throws: ExplanationError.self) {
            try method.values(scores: scores.span, event: 77)
        }
        #expect(
            error?.description
                == "event 77, coalition {0, 2} over background row 1: found nan, allowed: finite numbers"
        )
        scores[5 * 2 + 1] = 0
        scores[14] = -.infinity
        error = #expect(throws: ExplanationError.self) {
            try method.values(scores: scores.span, event: 77)
        }
        #expect(error?.what == "event 77, all features" && error?.found == "-inf")
    }
}
