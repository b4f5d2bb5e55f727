/// Conformal p-values against one class, or against normal events; a larger score is stranger.
///
/// p = (1 + #{s_i ≥ s}) / (n + 1) over the n calibration scores of the event's bin: under
/// exchangeability P(p ≤ t) ≤ t for every t. Vovk et al. 2005; Laxhammar and Falkman 2015;
/// Bates, Candès, Lei, Romano, Sesia, Ann. Statist. 51 (2023) 149 (arXiv:2104.08279).
public struct ConformalPValues: Sendable, Equatable {
    /// The bins, in the units of their columns.
    public let bins: MondrianGrid
    /// Calibration events in each bin.
    public let eventsPerBin: [Int]
    /// What adaptation asks of the bins instead of the coverage wanted, or nil; of sets of classes only.
    public var adapted: AdaptedLevels?
    /// Calibration scores.
    let scores: BinnedScores

    /// A table already checked: as many bins as `bins`.
    init(bins: MondrianGrid, scores: BinnedScores) {
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
        bins: MondrianGrid,
        binColumns: [[Double]]
    ) throws(CalibrationError) -> ConformalPValues {
        guard !scores.isEmpty else {
            throw CalibrationError("scores", found: "0 events", allowed: "at least 1")
        }
        let places = try bins.indices(of: binColumns, count: scores.count, name: "binColumns")
        try SampleCheck.finite(scores)
        return ConformalPValues(
            bins: bins,
            scores: BinnedScores(scores: scores, bins: places, binCount: bins.count)
        )
    }

    /// The same bins on other scores, which come with their bins; a bin with fewer of them than `fewest`
    /// keeps those it has.
    public func replacing(_ scores: [Double], bins places: [Int], fewest: Int) -> ConformalPValues {
        ConformalPValues(
            bins: bins,
            scores: self.scores.replacing(scores, bins: places, fewest: fewest)
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

    /// The largest score whose p-value in the bin is above 1 - coverage; infinite where too few
    /// calibration events can tell.
    ///
    /// Adapted, the bin's own level stands for the coverage. O(1), allocates nothing.
    public func largestScore(bin: Int, coverage: Double) -> Double {
        largestScore(bin: bin, level: adapted?.bins[bin].coverage ?? coverage)
    }

    /// The same at a level that adaptation has chosen, from 0 to 1: 1 is infinite.
    public func largestScore(bin: Int, level coverage: Double) -> Double {
        let events = scores.range(of: bin).count
        return scores.smallest(ConformalRank.rank(events: events, coverage: coverage), in: bin)
    }

    /// The smallest p-value the bin can give, 1/(n + 1); a p-value equal to it means "at most".
    public func floor(bin: Int) -> Double { 1 / Double(scores.range(of: bin).count + 1) }
}
