/// Conformal p-values against one class, or against normal events; a larger score is stranger.
///
/// p = (1 + #{s_i ≥ s}) / (n + 1) over the n calibration scores of the event's bin: under
/// exchangeability P(p ≤ t) ≤ t for every t. Vovk et al. 2005; Laxhammar and Falkman 2015;
/// Bates, Candès, Lei, Romano, Sesia, Ann. Statist. 51 (2023) 149 (arXiv:2104.08279).
public struct ConformalPValues: Sendable, Equatable {
    /// The bins, in the unit of the bin column.
    public let bins: MondrianBins
    /// Calibration events in each bin.
    public let eventsPerBin: [Int]
    /// Calibration scores.
    let scores: BinnedScores

    /// A table already checked: as many bins as `bins`.
    init(bins: MondrianBins, scores: BinnedScores) {
        precondition(scores.binCount == bins.count)
        self.bins = bins
        self.scores = scores
        eventsPerBin = scores.counts
    }

    /// Calibrates on events of the one class.
    ///
    /// O(n log n).
    ///
    /// Refuses a score that is not finite, a NaN bin value, unequal lengths and an empty sample; a
    /// bin without events is kept, its p-values are all 1.
    public static func fit(
        scores: [Double],
        binValues: [Double],
        bins: MondrianBins
    ) throws(CalibrationError) -> ConformalPValues {
        guard !scores.isEmpty else {
            throw CalibrationError("scores", found: "0 events", allowed: "at least 1")
        }
        guard scores.count == binValues.count else {
            throw CalibrationError(
                "binValues",
                found: "\(binValues.count) of them",
                allowed: "one for each of \(scores.count) scores"
            )
        }
        var places: [Int] = []
        places.reserveCapacity(scores.count)
        for index in scores.indices {
            guard scores[index].isFinite else {
                throw CalibrationError(
                    "scores[\(index)]",
                    found: NumberText.of(scores[index]),
                    allowed: "finite numbers"
                )
            }
            guard let bin = bins.index(of: binValues[index]) else {
                throw CalibrationError("binValues[\(index)]", found: "nan", allowed: "a number")
            }
            places.append(bin)
        }
        return ConformalPValues(
            bins: bins,
            scores: BinnedScores(scores: scores, bins: places, binCount: bins.count)
        )
    }

    /// The p-value of a score in a bin; NaN in gives NaN out.
    ///
    /// O(log n), allocates nothing.
    public func pValue(_ score: Double, bin: Int) -> Double {
        guard !score.isNaN else { return .nan }
        let range = scores.range(of: bin)
        let atLeast = range.count - scores.values.countBelow(score, in: range)
        return Double(1 + atLeast) / Double(range.count + 1)
    }

    /// The smallest p-value the bin can give, 1/(n + 1); a p-value equal to it means "at most".
    public func floor(bin: Int) -> Double { 1 / Double(scores.range(of: bin).count + 1) }
}
