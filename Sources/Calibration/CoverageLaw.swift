/// How far a measured coverage may lie from the one asked, when the calibration is right.
///
/// Given the calibration events, the true coverage of a split conformal interval is distributed as
/// Beta(k, n + 1 - k), k = ⌈(n + 1) coverage⌉, for continuous scores (Vovk, ACML 2012,
/// arXiv:1209.2673); test events add their binomial spread, which makes the count of covered ones
/// beta-binomial. With ties the coverage can only be higher.
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

    /// The same for an interval whose ends have scores of their own, as `ConformalMethod.cqrAsymmetric`:
    /// the law holds for each end, so the band of the interval is made of theirs and is wider than
    /// exact.
    ///
    /// If neither end misses more than its own band allows, both together miss no more than the sum;
    /// the interval is never right more often than either end.
    public static func bandOfTwoEnds(
        calibrationEvents: Int,
        testEvents: Int,
        coverage: Double,
        level: Double
    ) -> (low: Double, high: Double) {
        let end = band(
            calibrationEvents: calibrationEvents,
            testEvents: testEvents,
            coverage: (1 + coverage) / 2,
            level: (1 + level) / 2
        )
        return (low: max(0, 2 * end.low - 1), high: end.high)
    }

    /// Equal-tailed band of the share of `testEvents` whose conformal p-value is at most `pValue`,
    /// between 0 and 1: p is above it where a region of the remaining coverage holds the event.
    ///
    /// (0, 0) where no p-value is so small, (0, 1) without test events. With ties the share can only
    /// be lower.
    public static func bandOfPValues(
        calibrationEvents: Int,
        testEvents: Int,
        pValue: Double,
        level: Double
    ) -> (low: Double, high: Double) {
        let above = band(
            calibrationEvents: calibrationEvents,
            testEvents: testEvents,
            coverage: 1 - pValue,
            level: level
        )
        return (low: 1 - above.high, high: 1 - above.low)
    }
}
