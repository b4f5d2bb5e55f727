/// How far the fraction of class 1 in a reliability bin may lie from the mean probability there,
/// when the probabilities are right.
public enum ReliabilityBand {
    /// Equal-tailed band, at `level` between 0 and 1, of the class-1 fraction of `testEvents`.
    ///
    /// The calibrated probability was itself learned from the `calibrationEvents` that fell into
    /// the bin, so the count is beta-binomial with α = m n_cal + 1/2 and β = (1 - m) n_cal + 1/2
    /// (Jeffreys' prior; Brown, Cai, DasGupta, Stat. Sci. 16 (2001) 101). (0, 1) without test
    /// events.
    public static func band(
        meanProbability: Double,
        calibrationEvents: Int,
        testEvents: Int,
        level: Double
    ) -> (low: Double, high: Double) {
        precondition(calibrationEvents >= 0 && testEvents >= 0, "counts are not negative")
        precondition(meanProbability >= 0 && meanProbability <= 1, "a probability")
        if testEvents == 0 { return (0, 1) }
        let events = Double(calibrationEvents)
        return BetaBinomial(
            trials: testEvents,
            alpha: meanProbability * events + 0.5,
            beta: (1 - meanProbability) * events + 0.5
        ).band(level: level)
    }
}
