/// How far a measured coverage may lie from the one asked, when the calibration is right.
///
/// Given the calibration events, the true coverage of a split conformal interval is distributed as
/// Beta(k, n + 1 - k), k = ⌈(n + 1) coverage⌉, for continuous scores (Vovk, ACML 2012,
/// arXiv:1209.2673); test events add their binomial spread, which makes the count of covered ones
/// beta-binomial. With ties the coverage can only be higher. For the asymmetric CQR form the law
/// holds for each end apart, not for the interval.
public enum CoverageLaw {
    /// Equal-tailed band, at `level` between 0 and 1, of the covered fraction of `testEvents`.
    ///
    /// (1, 1) where the interval is infinite (k > n), (0, 1) without test events. Exact;
    /// milliseconds at a million events.
    public static func band(
        calibrationEvents: Int,
        testEvents: Int,
        coverage: Double,
        level: Double
    ) -> (low: Double, high: Double) {
        precondition(calibrationEvents >= 0 && testEvents >= 0, "counts are not negative")
        let rank = ConformalRank.rank(events: calibrationEvents, coverage: coverage)
        if rank > calibrationEvents { return (1, 1) }
        if testEvents == 0 { return (0, 1) }
        return BetaBinomial(
            trials: testEvents,
            alpha: Double(rank),
            beta: Double(calibrationEvents + 1 - rank)
        ).band(level: level)
    }
}
