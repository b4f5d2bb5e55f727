/// The p-values of `ConformalPValues` for float32 scores, in constant time.
@safe
public final class PValueTable: @unchecked Sendable {
    // Safe because nothing changes after init.
    private let table: RankTable
    /// Calibration events of each bin, and one.
    private let events: UnsafeMutablePointer<Double>

    /// The same table, laid out for look-ups.
    public init(_ pValues: ConformalPValues) {
        let bins = pValues.bins.count
        table = RankTable(
            above: (0..<bins).map { pValues.scores.values[pValues.scores.range(of: $0)] }
        )
        unsafe events = .allocate(capacity: bins)
        for bin in 0..<bins {
            unsafe (events + bin).initialize(to: Double(table.count(line: bin) + 1))
        }
    }

    deinit { unsafe events.deallocate() }

    /// Writes what `ConformalPValues.pValue` gives for `rows` scores, at most
    /// `RankTable.blockRows`, each in the bin of its number, as float32.
    ///
    /// NaN for a score that is NaN or a bin below 0. They may be written over the scores.
    public func write(
        _ scores: UnsafePointer<Float>,
        bins: UnsafePointer<Int32>,
        rows: Int,
        to pValues: UnsafeMutablePointer<Float>
    ) {
        let most = RankTable.blockRows
        precondition(rows >= 0 && rows <= most)
        unsafe withUnsafeTemporaryAllocation(of: Int32.self, capacity: 2 * most) { block in
            guard let lines = block.baseAddress else { return }
            let ranks = unsafe lines + most
            for row in 0..<rows { unsafe lines[row] = max(bins[row], 0) }
            unsafe table.ranks(of: scores, lines: lines, rows: rows, into: ranks)
            for row in 0..<rows {
                let all = unsafe events[Int(lines[row])]
                // Events no stranger than this one, of which there are as many as its rank, do not
                // count; the event itself does.
                let pValue = unsafe Float((all - Double(ranks[row])) / all)
                unsafe pValues[row] = bins[row] < 0 || scores[row].isNaN ? .nan : pValue
            }
        }
    }
}
