/// The answers of `VennAbers` for float32 scores, computed once for every step of the pair.
///
/// Between two steps nothing depends on the score, so all that an answer quotes at the
/// calibration's own prior is looked up.
@safe
public final class VennAbersTable: @unchecked Sendable {
    // Safe because nothing changes after init.
    /// What every score between two steps gets at the calibration's own prior.
    @frozen
    public struct Row: BitwiseCopyable, Sendable {
        /// Merged probability.
        public let value: Float
        /// p0, rounded down.
        public let lower: Float
        /// p1, rounded up.
        public let upper: Float
        /// Natural logarithm of the likelihood ratio of class 1 over class 0.
        public let ratio: Float

        init(_ pair: Pair, prior: Double) {
            value = Float(pair.merged)
            lower = Float(roundedDown: pair.p0)
            upper = Float(roundedUp: pair.p1)
            ratio = Float(PriorShift.logLikelihoodRatio(pair.merged, prior: prior))
        }
    }

    /// The same before it was rounded, for other priors; apart, so that rows fit into the caches.
    @frozen
    public struct Pair: BitwiseCopyable, Sendable {
        /// Lower probability of the pair.
        public let p0: Double
        /// Upper probability of the pair.
        public let p1: Double
        /// Merged probability.
        public let merged: Double

        init(_ pair: (p0: Double, p1: Double)) {
            p0 = pair.p0
            p1 = pair.p1
            merged = VennAbers.merged(p0: pair.p0, p1: pair.p1)
        }
    }

    /// The prior at which the pair is right.
    public let prior: Double
    private let steps: RankTable
    /// Two more than steps: below all of them, and at the end that of NaN.
    @usableFromInline let rows: UnsafeMutablePointer<Row>
    /// As many.
    @usableFromInline let pairs: UnsafeMutablePointer<Pair>

    /// The same functions, laid out for look-ups.
    public init(_ vennAbers: VennAbers) {
        prior = vennAbers.prior
        let p0From = vennAbers.p0From.map(FloatKey.atLeast)
        let p1From = vennAbers.p1To.map(FloatKey.above)
        let keys = Array(Set(p0From + p1From)).sorted()
        steps = RankTable(keys: [keys])
        unsafe rows = .allocate(capacity: keys.count + 2)
        unsafe pairs = .allocate(capacity: keys.count + 2)
        let scores = [-Float.infinity] + keys.map(FloatKey.number) + [.nan]
        for (index, score) in scores.enumerated() {
            let pair = Pair(vennAbers.pair(Double(score)))
            unsafe (pairs + index).initialize(to: pair)
            unsafe (rows + index).initialize(to: Row(pair, prior: vennAbers.prior))
        }
    }

    deinit {
        unsafe rows.deallocate()
        unsafe pairs.deallocate()
    }

    /// The numbers of the rows of `rows` scores, at most `RankTable.blockRows`, which may be NaN.
    public func find(
        _ scores: UnsafePointer<Float>,
        rows: Int,
        into indices: UnsafeMutablePointer<Int32>
    ) {
        unsafe steps.ranks(of: scores, lines: nil, rows: rows, into: indices)
        let rowOfNaN = Int32(truncatingIfNeeded: steps.count() + 1)
        for row in 0..<rows {
            unsafe indices[row] = scores[row].isNaN ? rowOfNaN : indices[row]
        }
    }

    /// Row `index`.
    @inlinable @inline(__always)
    public func row(_ index: Int) -> Row { unsafe rows[index] }

    /// What row `index` was rounded from.
    @inlinable @inline(__always)
    public func pair(_ index: Int) -> Pair { unsafe pairs[index] }
}
