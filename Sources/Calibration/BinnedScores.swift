/// Calibration scores, sorted inside each bin, in one flat array so that a lookup touches one
/// buffer.
struct BinnedScores: Equatable, Sendable {
    /// The scores of bin 0, then of bin 1, and so on; each stretch ascending and finite.
    let values: [Double]
    /// Where each bin starts in `values`, and the end: bin count + 1 elements.
    let starts: [Int]

    /// Sorts `scores[i]` into bin `bins[i]`.
    ///
    /// O(n log n).
    init(scores: [Double], bins: [Int], binCount: Int) {
        var tables = [[Double]](repeating: [], count: binCount)
        for (score, bin) in zip(scores, bins) { tables[bin].append(score) }
        for bin in tables.indices { tables[bin].sort() }
        self.init(unchecked: tables)
    }

    /// Takes tables that came from outside; `path` names them in the refusal.
    init(sorted tables: [[Double]], path: String) throws(CalibrationError) {
        for (bin, table) in tables.enumerated() {
            for (index, score) in table.enumerated() {
                guard score.isFinite, index == 0 || table[index - 1] <= score else {
                    throw CalibrationError(
                        "\(path)[\(bin)][\(index)]",
                        found: NumberText.of(score),
                        allowed: "finite numbers in ascending order"
                    )
                }
            }
        }
        self.init(unchecked: tables)
    }

    private init(unchecked tables: [[Double]]) {
        var starts = [0]
        for table in tables { starts.append(starts[starts.count - 1] + table.count) }
        self.starts = starts
        values = Array(tables.joined())
    }

    var binCount: Int { starts.count - 1 }

    /// The stretch of `values` that belongs to `bin`.
    func range(of bin: Int) -> Range<Int> {
        precondition(bin >= 0 && bin < binCount, "no such bin")
        return starts[bin]..<starts[bin + 1]
    }

    /// The `rank`-th smallest score of the bin, counted from 1; infinity past the last.
    ///
    /// O(1).
    func smallest(_ rank: Int, in bin: Int) -> Double {
        let range = range(of: bin)
        return rank <= range.count ? values[range.lowerBound + rank - 1] : .infinity
    }

    /// Other scores, which come with their bins; a bin with fewer of them than `fewest` keeps those it
    /// has.
    func replacing(_ scores: [Double], bins: [Int], fewest: Int) -> BinnedScores {
        let others = BinnedScores(scores: scores, bins: bins, binCount: binCount)
        return BinnedScores(
            unchecked: zip(tables, others.tables).map { $1.count < fewest ? $0 : $1 }
        )
    }

    /// Every score rounded up to single precision; those beyond it are kept as they are.
    func roundedUpToSinglePrecision() -> BinnedScores {
        BinnedScores(
            scores: values.map(Self.roundedUp),
            bins: counts.enumerated().flatMap { Array(repeating: $0, count: $1) },
            binCount: binCount
        )
    }

    private static func roundedUp(_ score: Double) -> Double {
        let rounded = Float(roundedUp: score)
        return rounded.isFinite ? Double(rounded) : score
    }

    /// The sorted scores, one array a bin.
    var tables: [[Double]] {
        (0..<binCount).map { Array(values[range(of: $0)]) }
    }

    /// How many scores each bin has.
    var counts: [Int] { (0..<binCount).map { range(of: $0).count } }
}
