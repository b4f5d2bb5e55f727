/// The lowest threshold at which the background that passes is certified to be rare.
///
/// Learn-then-Test (Angelopoulos, Bates, Candès, Jordan, Lei, arXiv:2110.01052) with binomial
/// p-values, thresholds tried from the highest on: with probability `confidence` and more over the
/// calibration events, P(score > threshold | background) ≤ `leakage`. For a count of passing events
/// this is the exact one-sided limit on an order statistic, so no independence between thresholds is
/// assumed and nothing is lost for trying many. Events are exchangeable with the calibration's, or
/// the promise is void.
public struct LeakageCut: Equatable, Sendable {
    /// Events pass whose score is larger.
    public let threshold: Double
    /// Calibration events of background, and how many of them pass.
    public let backgroundEvents: Int
    /// Background events of the calibration above the threshold; ties with it do not pass.
    public let passing: Int

    /// Chooses the cut from the scores of background events that the model was not trained on;
    /// larger is more signal-like.
    ///
    /// nil where so few events cannot certify it even with none passing: (1 - leakage)^n >
    /// 1 - confidence. Refuses scores that are not finite, and limits not between 0 and 1.
    public init?(
        background scores: [Double],
        leakage: Double,
        confidence: Double
    ) throws(CalibrationError) {
        try SampleCheck.fraction(leakage, "leakage")
        try SampleCheck.fraction(confidence, "confidence")
        try SampleCheck.finite(scores)
        let events = scores.count
        let law = BinomialLaw(trials: events, probability: leakage)
        let least = law.firstCount { $0 > 1 - confidence }
        guard least > 0 else { return nil }
        let ordered = scores.sorted(by: >)
        // With k passing at most, the k + 1st largest score is the threshold.
        threshold = ordered[least - 1]
        backgroundEvents = events
        passing = scores.count { $0 > ordered[least - 1] }
    }

    /// Between which scores the threshold that leaks exactly `leakage` lies, with a probability of
    /// `level` and more: order statistics, either end missed with at most half of 1 - level.
    ///
    /// An end that so few events cannot give is infinite. Finite scores; both fractions between 0
    /// and 1.
    public static func thresholdBand(
        background scores: [Double],
        leakage: Double,
        level: Double
    ) -> (low: Double, high: Double) {
        let ordered = scores.sorted(by: >)
        let law = BinomialLaw(trials: scores.count, probability: leakage)
        let tail = (1 - level) / 2
        // Of the events above the true threshold there are a binomial number X. The score with j
        // larger ones lies above it where X > j, and not above it where X ≤ j.
        let above = law.firstCount { $0 > tail }
        let below = law.firstCount { $0 >= 1 - tail }
        return (
            low: below < ordered.count ? ordered[below] : -.infinity,
            high: above > 0 ? ordered[above - 1] : .infinity
        )
    }

    /// Fewest background events that can certify such a cut.
    public static func fewestEvents(leakage: Double, confidence: Double) -> Int {
        var low = 0
        var high = 1
        func suffice(_ events: Int) -> Bool {
            BinomialLaw(trials: events, probability: leakage).cumulative(upTo: 0)
                <= 1 - confidence
        }
        while !suffice(high) {
            low = high
            high *= 2
        }
        while high - low > 1 {
            let middle = (low + high) / 2
            if suffice(middle) { high = middle } else { low = middle }
        }
        return high
    }
}
