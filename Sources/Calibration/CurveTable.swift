/// A curve's answers for float32 scores, beside those of `VennAbersTable`.
public final class CurveTable: Sendable {
    private let curve: BinaryCurve
    /// The prior at which the curve is right.
    private let prior: Double

    /// The curve of a calibration whose share of class 1 is `prior`.
    public init(_ curve: BinaryCurve, prior: Double) {
        self.curve = curve
        self.prior = prior
    }

    /// Writes probability and logarithm of the likelihood ratio of `rows` scores, which may be NaN,
    /// and widens the pair of Venn-ABERS in `lower` and `upper` so that it holds the probability.
    ///
    /// `prior` is the one asked for, or nil for the calibration's own. A score's answers depend on
    /// nothing but the score. Allocates nothing.
    public func write(
        _ scores: UnsafePointer<Float>,
        rows: Int,
        prior asked: Double?,
        value: UnsafeMutablePointer<Float>,
        lower: UnsafeMutablePointer<Float>,
        upper: UnsafeMutablePointer<Float>,
        ratio: UnsafeMutablePointer<Float>
    ) {
        let own = BinaryCurve.logit(prior)
        for row in 0..<rows {
            let logit = curve.logit(Double(unsafe scores[row]))
            var probability = BinaryCurve.probability(logit: logit)
            if let asked {
                probability = PriorShift.shifted(probability, from: prior, to: asked)
            }
            let rounded = Float(probability)
            unsafe value[row] = rounded
            unsafe ratio[row] = Float(logit - own)
            if rounded.isNaN {
                unsafe lower[row] = .nan
                unsafe upper[row] = .nan
            } else {
                unsafe lower[row] = min(lower[row], rounded)
                unsafe upper[row] = max(upper[row], rounded)
            }
        }
    }
}
