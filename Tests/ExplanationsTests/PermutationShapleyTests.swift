import Explanations
import Foundation
import TestSupport
import Testing

@Suite struct PermutationShapleyTests {
    private static func values(
        _ method: PermutationShapley,
        seed: UInt64 = 5,
        event: UInt64,
        _ x: [Float],
        _ model: ([Double]) -> Double
    ) throws -> ShapleyValues {
        let plan = method.plan(seed: seed, event: event)
        return try plan.values(scores: answers(plan, x, model).span)
    }

    @Test func `Where features interact two by two the values are those of shap`() throws {
        let golden = Golden.shared.pairwise
        let background = try Background(numbers: golden.background, features: golden.x.count)
        // All rows, each under a pair of its own.
        let method = try PermutationShapley(background: background, pairs: background.rows)
        let found = try Self.values(method, event: 0, golden.x) { z in
            var sum = 0.0
            for (i, row) in golden.quadratic.enumerated() {
                for (j, factor) in row.enumerated() { sum += z[i] * factor * z[j] }
            }
            return sum
        }
        #expect(distance(found.values, golden.values) < 1e-11)
        #expect(abs(found.base - golden.base) < 1e-12)
    }

    @Test func `Values have no bias, and are those of shap for many events`() throws {
        let golden = Golden.shared.many
        let background = try Background(numbers: golden.background, features: golden.x.count)
        let method = try PermutationShapley(background: background, pairs: 8)
        let repetitions = 400
        var sums = [Double](repeating: 0, count: golden.x.count)
        var squares = sums
        for event in 0..<UInt64(repetitions) {
            let found = try Self.values(method, event: event, golden.x, golden.model.score)
            for (feature, value) in found.values.enumerated() {
                sums[feature] += value
                squares[feature] += value * value
            }
        }
        for feature in sums.indices {
            let mean = sums[feature] / Double(repetitions)
            let variance = squares[feature] / Double(repetitions) - mean * mean
            let error = (variance / Double(repetitions)).squareRoot()
            #expect(abs(mean - golden.exact[feature]) < 4.5 * error)
            // 300 pairs over all 32 rows: an error far below that of 400 times 8 rows.
            #expect(abs(mean - golden.permutation[feature]) < 5.5 * error)
            #expect(error < 0.02)
        }
    }

    @Test func `Errors are those of the pairs where the background is large`() throws {
        var random = SeededRandom(seed: 21)
        let background = try normalBackground(rows: 2000, features: 6, &random)
        let x: [Float] = [0.5, -1, 1, -0.5, 1.5, 0.25]
        func model(_ z: [Double]) -> Double { KnownGame.score(z) + sin(z[0] + z[5]) * z[2] / 2 }
        let exact = try ExactShapley(background: background)
        let truth = try exact.values(scores: answers(exact, x, model).span, event: 0).values
        let method = try PermutationShapley(background: background, pairs: 40)
        var pulls = PullTest(features: 6)
        for event in 0..<UInt64(PullTest.events) {
            pulls.take(try Self.values(method, event: event, x, model), truth: truth)
        }
        #expect(pulls.variances(draws: 40).allSatisfy { PullTest.bounds.contains($0) })
        #expect(pulls.means().allSatisfy { abs($0) < 4.5 })
    }

    @Test func `Errors are those of pairs and background where all rows are drawn`() throws {
        var random = SeededRandom(seed: 22)
        let x: [Float] = [0.5, -1, 1, -0.5, 2]
        let truth = KnownGame.values(x.map(Double.init))
        var pulls = PullTest(features: 5)
        for event in 0..<UInt64(PullTest.events) {
            let background = try normalBackground(rows: 40, features: 5, &random)
            let method = try PermutationShapley(background: background, pairs: 40)
            pulls.take(
                try Self.values(method, event: event, x, KnownGame.score),
                truth: truth
            )
        }
        #expect(pulls.variances(draws: 40).allSatisfy { PullTest.bounds.contains($0) })
        #expect(pulls.means().allSatisfy { abs($0) < 4.5 })
    }

    @Test("Values add up to the distance from the drawn rows' mean", arguments: [1, 2, 3, 12, 61])
    func additivity(features: Int) throws {
        var random = SeededRandom(seed: UInt64(features))
        let background = try normalBackground(rows: 30, features: features, &random)
        let method = try PermutationShapley(background: background, pairs: 9)
        let plan = method.plan(seed: 1, event: 2)
        #expect(plan.evaluations == method.evaluations)
        #expect(method.evaluations == 9 * (2 * features - 1) + 1)
        let x = (0..<features).map { _ in Float(random.normal()) }
        let scores = answers(plan, x) { z in z.reduce(1) { $0 * cos($1) } + z.reduce(0, +) }
        let found = try plan.values(scores: scores.span)
        #expect(abs(found.values.reduce(0, +) - (found.score - found.base)) < 1e-12)
        let ofRows = (0..<9).map { scores[$0 * (2 * features - 1)] }
        #expect(abs(found.base - ofRows.reduce(0, +) / 9) < 1e-13)
        #expect(Set(ofRows).count == 9)
        #expect(found.score == scores.last)
    }

    @Test func `Equal features get the same, idle ones nothing, and sums of scores sums`() throws {
        var random = SeededRandom(seed: 4)
        let background = try normalBackground(rows: 50, features: 4, &random)
        let method = try PermutationShapley(background: background, pairs: 50)
        let x: [Float] = [0.5, 0.5, -1, 2]
        let one = { (z: [Double]) in z[0] * z[1] * z[3] + z[0] + z[1] }
        let other = { (z: [Double]) in exp(z[0] / 3) + cos(z[3]) * z[1] }
        let first = try Self.values(method, event: 1, x, one)
        #expect(first.values[2] == 0 && first.standardErrors[2] == 0)
        let second = try Self.values(method, event: 1, x, other)
        let both = try Self.values(method, event: 1, x) { one($0) - 2 * other($0) }
        let expected = zip(first.values, second.values).map { $0 - 2 * $1 }
        #expect(distance(both.values, expected) < 1e-12)
        // Both features the same in every row: equal within the error of the orders.
        let shared = try Background(
            numbers: (0..<50).flatMap { _ in
                let number = Float(random.normal())
                return [number, number, 0, Float(random.normal())]
            },
            features: 4
        )
        let even = try Self.values(
            PermutationShapley(background: shared, pairs: 50),
            event: 1,
            x,
            one
        )
        let error = even.standardErrors[0] + even.standardErrors[1]
        #expect(abs(even.values[0] - even.values[1]) < 3 * error)
    }

    @Test func `Draws are those of Philox by seed and event`() throws {
        let golden = Golden.shared.draws
        let features = golden.orders[0].count
        // Rows that tell their number in every feature.
        let background = try Background(
            numbers: (0..<golden.rows).flatMap { [Float](repeating: Float($0), count: features) },
            features: features
        )
        let pairs = golden.orders.count
        let method = try PermutationShapley(background: background, pairs: pairs)
        let plan = method.plan(seed: golden.seed, event: golden.event)
        let x = [Float](repeating: -1, count: features)
        let rows = answers(plan, x) { $0 }
        for (pair, order) in golden.orders.enumerated() {
            let ofBackground = Double(golden.background_rows[pair])
            let first = pair * (2 * features - 1)
            for moved in 0..<features {
                var expected = [Double](repeating: ofBackground, count: features)
                for feature in order.prefix(moved) { expected[feature] = -1 }
                #expect(rows[first + moved] == expected)
                guard moved > 0 else { continue }
                let putBack = expected.map { $0 == -1 ? ofBackground : -1 }
                #expect(rows[first + features - 1 + moved] == putBack)
            }
        }
        #expect(rows.last == x.map(Double.init))
    }

    @Test func `The same event has the same bits, another one others, more pairs the first ones`()
        throws
    {
        var random = SeededRandom(seed: 8)
        let background = try normalBackground(rows: 20, features: 7, &random)
        let method = try PermutationShapley(background: background, pairs: 4)
        let plan = method.plan(seed: 6, event: 9)
        #expect(plan == method.plan(seed: 6, event: 9))
        let x = (0..<7).map { _ in Float(random.normal()) }
        let rows = answers(plan, x) { $0 }
        #expect(rows == answers(plan, x, piece: 200) { $0 })
        #expect(rows != answers(method.plan(seed: 7, event: 9), x) { $0 })
        #expect(rows != answers(method.plan(seed: 6, event: 10), x) { $0 })
        let more = try PermutationShapley(background: background, pairs: 20)
        #expect(
            answers(more.plan(seed: 6, event: 9), x) { $0 }.starts(with: rows.dropLast())
        )
        let model = { (z: [Double]) in Float(z[0] * z[1] + z[2] * z[3] * z[4]) }
        let scores = answers(plan, x, model)
        let found = try plan.values(scores: scores.span)
        #expect(try plan.values(scores: scores.span) == found)
        let widened = scores.map(Double.init)
        #expect(try plan.values(scores: widened.span) == found)
    }

    @Test("Pairs are two at least, and no more than rows", arguments: [-1, 0, 1, 4])
    func refusals(pairs: Int) throws {
        let background = try Background(numbers: [0, 1, 2], features: 1)
        let error = #expect(throws: ExplanationError.self) {
            try PermutationShapley(background: background, pairs: pairs)
        }
        #expect(
            error?.description
                == "pairs: found \(pairs), allowed: 2 to 3, the background rows"
        )
    }

    @Test func `A score that is not finite is named by event and coalition`() throws {
        let background = try Background(numbers: [0, 0, 0, 1, 1, 1], features: 3)
        let plan = try PermutationShapley(background: background, pairs: 2)
            .plan(seed: 1, event: 31)
        let scores = answers(plan, [5, 5, 5]) { $0.reduce(0, +) }
        let coalitions = answers(plan, [5, 5, 5]) { z in
            z.indices.filter { z[$0] == 5 }.map(String.init).joined(separator: ", ")
        }
        let others = answers(plan, [5, 5, 5]) { z in z.first { $0 != 5 } }
        for row in scores.indices {
            var broken = scores
            broken[row] = .infinity
            let error = #expect(throws: ExplanationError.self) {
                try plan.values(scores: broken.span)
            }
            let name =
                if let other = others[row] {
                    "pair \(row / 5), coalition {\(coalitions[row])} over background row \(Int(other))"
                } else {
                    "all features"
                }
            #expect(error?.what == "event 31, \(name)")
            #expect(error?.found == "inf" && error?.allowed == "finite numbers")
        }
    }
}
