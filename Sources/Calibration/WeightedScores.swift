/// Conformity scores of calibration events that stand for another sample, by weights.
///
/// Where calibration and data differ only in how often each kind of event comes, and w is the ratio
/// of their densities, the interval at the weighted quantile covers at least as often as asked
/// (Tibshirani, Barber, Candès, Ramdas, NeurIPS 2019, arXiv:1904.06019, corollary 1). With estimated
/// weights that is as true as they are; the Beta law of split conformal does not hold.
public struct WeightedScores: Equatable, Sendable {
    /// Ascending.
    private let scores: [Double]
    /// Sums of the weights up to and with each score.
    private let cumulative: [Double]
    /// (sum of weights)² / sum of squares: how many events of one weight say as much (Kong 1992).
    public let effectiveEvents: Double

    /// What sums of weights may be wrong by, of themselves.
    private static let rounding = 1e-12

    /// Finite scores with finite weights that are not negative; at least one weight above 0.
    public init(scores: [Double], weights: [Double]) throws(CalibrationError) {
        guard scores.count == weights.count else {
            throw CalibrationError(
                "weights",
                found: "\(weights.count) of them",
                allowed: "one for each of \(scores.count) scores"
            )
        }
        for index in scores.indices {
            guard scores[index].isFinite else {
                throw CalibrationError(
                    "scores[\(index)]",
                    found: NumberText.of(scores[index]),
                    allowed: "finite numbers"
                )
            }
            guard weights[index].isFinite, weights[index] >= 0 else {
                throw CalibrationError(
                    "weights[\(index)]",
                    found: NumberText.of(weights[index]),
                    allowed: "finite numbers, not negative"
                )
            }
        }
        let largest = weights.max() ?? 0
        guard largest > 0 else {
            throw CalibrationError(
                "weights",
                found: weights.isEmpty ? "none" : "only 0",
                allowed: "at least one above 0"
            )
        }
        let order = scores.indices.sorted { scores[$0] < scores[$1] }
        self.scores = order.map { scores[$0] }
        var sum = 0.0
        cumulative = order.map { index in
            sum += weights[index]
            return sum
        }
        // Of the largest, so that no square overflows.
        let squares = weights.reduce(0.0) { $0 + ($1 / largest) * ($1 / largest) }
        effectiveEvents = (sum / largest) * (sum / largest) / squares
    }

    /// The quantile for an event of weight `weight` at a coverage between 0 and 1: the smallest score
    /// up to which there is that share of all weight, the event's own included and infinitely
    /// strange; infinity where there is not.
    ///
    /// O(log n), allocates nothing. NaN or a negative weight gives infinity.
    public func quantile(coverage: Double, weight: Double) -> Double {
        let all = cumulative[cumulative.count - 1] + weight
        let wanted = coverage * all * (1 - Self.rounding)
        guard weight >= 0, wanted.isFinite else { return .infinity }
        let place = cumulative.countBelow(wanted, in: 0..<cumulative.count)
        return place < scores.count ? scores[place] : .infinity
    }
}
