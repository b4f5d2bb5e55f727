/// The beta-binomial law: how many of `trials` succeed when their common chance is drawn from
/// Beta(alpha, beta).
///
/// Weights come from the ratio of neighbours, (m - x)(α + x) / ((x + 1)(m - x - 1 + β)), outward
/// from the mean, and are normalised by their own sum: no gamma function, so nothing cancels at
/// large counts.
public struct BetaBinomial: Sendable {
    /// How many trials.
    public let trials: Int
    /// The first count whose weight is not negligible.
    private let first: Int
    /// P(X ≤ first + i); the last one is 1.
    private let cumulative: [Double]

    /// Weights this much smaller than their sum are left out; far below a Double's resolution.
    private static let negligible = 1e-25

    /// Parameters above 0.
    ///
    /// O(trials) at worst, O(standard deviation) as a rule.
    public init(trials: Int, alpha: Double, beta: Double) {
        precondition(trials >= 0 && alpha > 0 && beta > 0, "no such law")
        let count = Double(trials)
        let start = min(trials, Int((count * (alpha / (alpha + beta))).rounded()))
        func ratio(_ x: Double) -> Double {  // weight(x + 1) / weight(x)
            (count - x) * (alpha + x) / ((x + 1) * (count - x - 1 + beta))
        }
        var sum = 1.0
        var up: [Double] = []
        var weight = 1.0
        for x in start..<trials {
            weight *= ratio(Double(x))
            up.append(weight)
            sum += weight
            if weight < Self.negligible * sum { break }
        }
        var down: [Double] = []
        weight = 1
        for x in stride(from: start - 1, through: 0, by: -1) {
            weight /= ratio(Double(x))
            down.append(weight)
            sum += weight
            if weight < Self.negligible * sum { break }
        }
        self.trials = trials
        first = start - down.count
        var running = 0.0
        var cumulative = (down.reversed() + [1] + up).map { weight in
            running += weight
            return running
        }
        for index in cumulative.indices { cumulative[index] /= running }
        self.cumulative = cumulative
    }

    /// P(X ≤ count).
    public func cumulative(upTo count: Int) -> Double {
        if count < first { return 0 }
        return cumulative[min(count - first, cumulative.count - 1)]
    }

    /// The smallest count whose cumulative probability reaches `probability`.
    public func quantile(_ probability: Double) -> Int {
        first
            + min(
                cumulative.countBelow(probability, in: 0..<cumulative.count),
                cumulative.count - 1
            )
    }

    /// The fractions of successes between which the middle `level` of the law lies, equal tails.
    public func band(level: Double) -> (low: Double, high: Double) {
        let tail = (1 - level) / 2
        return (
            low: Double(quantile(tail)) / Double(trials),
            high: Double(quantile(1 - tail)) / Double(trials)
        )
    }
}
