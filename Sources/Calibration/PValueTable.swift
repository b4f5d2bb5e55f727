/// The p-values of `ConformalPValues` for float32 scores, in constant time.
public final class PValueTable: Sendable {
    @usableFromInline let tables: [RankTable]

    /// The same table, laid out for look-ups.
    public init(_ pValues: ConformalPValues) {
        tables = (0..<pValues.bins.count).map { bin in
            RankTable(above: pValues.scores.values[pValues.scores.range(of: bin)])
        }
    }

    /// What `ConformalPValues.pValue` gives, as float32; NaN in gives NaN out.
    @inlinable @inline(__always)
    public func pValue(_ score: Float, bin: Int) -> Float {
        if score.isNaN { return .nan }
        let events = tables[bin].count
        return Float(Double(1 + events - tables[bin].rank(score)) / Double(events + 1))
    }
}
