import Explanations
import TestSupport

/// What a model makes of the rows of a plan, written in pieces of `piece` rows, as a daemon would.
func answers<Answer>(
    _ plan: some EvaluationPlan,
    _ x: [Float],
    piece: Int = 7,
    _ model: ([Double]) -> Answer
) -> [Answer] {
    var buffer = [Float](repeating: .nan, count: piece * plan.features)
    var answers: [Answer] = []
    for first in stride(from: 0, to: plan.evaluations, by: piece) {
        let rows = first..<min(first + piece, plan.evaluations)
        var span = buffer.mutableSpan
        plan.write(rows: rows, of: x.span, to: &span)
        for row in rows.indices {
            let start = (row - first) * plan.features
            answers.append(model(buffer[start..<start + plan.features].map(Double.init)))
        }
    }
    return answers
}

/// Background rows of independent standard normal numbers.
func normalBackground(
    rows: Int,
    features: Int,
    _ random: inout SeededRandom
) throws -> Background {
    let numbers = (0..<rows * features).map { _ in Float(random.normal()) }
    return try Background(numbers: numbers, features: features)
}

/// The largest difference of two lists of numbers of the same length.
func distance(_ one: [Double], _ other: [Double]) -> Double {
    guard one.count == other.count else { return .infinity }
    return zip(one, other).map { abs($0 - $1) }.max() ?? 0
}

/// A score of five features whose Shapley values against independent features of mean 0 are known.
enum KnownGame {
    static let slopes = [1.0, -0.5, 2, 0.75, -1.25]

    static func score(_ z: [Double]) -> Double {
        let linear = zip(slopes, z).reduce(0) { $0 + $1.0 * $1.1 }
        return linear + 0.4 * z[0] * z[1] + 0.3 * z[2] * z[3] * z[4]
    }

    /// Products count only where all their features are the event's, so each of k gets a k-th.
    static func values(_ x: [Double]) -> [Double] {
        let pair = 0.4 * x[0] * x[1] / 2
        let three = 0.3 * x[2] * x[3] * x[4] / 3
        let shared = [pair, pair, three, three, three]
        return x.indices.map { slopes[$0] * x[$0] + shared[$0] }
    }
}

/// Sums of squared pulls of values whose errors were quoted, held against their law.
struct PullTest {
    /// 0.00005 and 0.99995 quantiles of chi-square with 400 degrees of freedom, over 400.
    static let bounds = 0.748...1.299
    static let events = 400

    private var squares: [Double]
    private var sums: [Double]

    init(features: Int) {
        squares = [Double](repeating: 0, count: features)
        sums = squares
    }

    mutating func take(_ found: ShapleyValues, truth: [Double]) {
        for feature in squares.indices {
            let pull = (found.values[feature] - truth[feature]) / found.standardErrors[feature]
            squares[feature] += pull * pull
            sums[feature] += pull
        }
    }

    /// Variance of the pulls, by feature, over that of Student's law for a mean of `draws`.
    func variances(draws: Int) -> [Double] {
        let law = Double(draws - 1) / Double(draws - 3)
        return squares.map { $0 / Double(Self.events) / law }
    }

    /// Mean of the pulls, by feature, in its own standard deviations.
    func means() -> [Double] { sums.map { $0 / Double(Self.events).squareRoot() } }
}
