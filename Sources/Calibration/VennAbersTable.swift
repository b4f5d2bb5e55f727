/// The answers of `VennAbers` for float32 scores, computed once for every step of the pair.
///
/// Between two steps nothing depends on the score, so all that an answer quotes at the
/// calibration's own prior is looked up.
@safe
public final class VennAbersTable: @unchecked Sendable {
    // Safe because nothing changes after init.
    /// What every score between two steps gets.
    @frozen
    public struct Row: BitwiseCopyable, Sendable {
        /// Merged probability at the calibration's prior.
        public let value: Float
        /// p0, rounded down.
        public let lower: Float
        /// p1, rounded up.
        public let upper: Float
        /// Natural logarithm of the likelihood ratio of class 1 over class 0.
        public let ratio: Float
        /// Lower probability of the pair, for other priors.
        public let p0: Double
        /// Upper probability of the pair.
        public let p1: Double
        /// Merged probability.
        public let merged: Double

        init(_ pair: (p0: Double, p1: Double), prior: Double) {
            p0 = pair.p0
            p1 = pair.p1
            merged = VennAbers.merged(p0: pair.p0, p1: pair.p1)
            value = Float(merged)
            lower = Float(roundedDown: pair.p0)
            upper = Float(roundedUp: pair.p1)
            ratio = Float(PriorShift.logLikelihoodRatio(merged, prior: prior))
        }
    }

    /// The prior at which the pair is right.
    public let prior: Double
    @usableFromInline let steps: RankTable
    /// One row more than steps; the last one, behind them, is that of NaN.
    @usableFromInline let rows: UnsafeMutablePointer<Row>

    /// The same functions, laid out for look-ups.
    public init(_ vennAbers: VennAbers) {
        prior = vennAbers.prior
        let p0From = vennAbers.p0From.map(FloatKey.atLeast)
        let p1From = vennAbers.p1To.map(FloatKey.above)
        let keys = Array(Set(p0From + p1From)).sorted()
        steps = RankTable(keys: keys)
        unsafe rows = .allocate(capacity: keys.count + 2)
        let scores = [-Float.infinity] + keys.map(FloatKey.number) + [.nan]
        for (index, score) in scores.enumerated() {
            let row = Row(vennAbers.pair(Double(score)), prior: vennAbers.prior)
            unsafe (rows + index).initialize(to: row)
        }
    }

    deinit {
        unsafe rows.deallocate()
    }

    /// The row of a score, which may be NaN.
    @inlinable @inline(__always)
    public func row(_ score: Float) -> Row {
        unsafe rows[score.isNaN ? steps.count + 1 : steps.rank(score)]
    }
}
