/// Inductive Venn-ABERS calibration of a binary score: a pair of probabilities for each score.
///
/// For each label l the score is added to the calibration events with that label and the isotonic
/// regression refitted; p_l is the fitted value at the score. One of the two is the calibrated
/// probability, whatever the distribution. Vovk and Petej, UAI 2014 (arXiv:1211.0025); Vovk, Petej,
/// Fedorova, NeurIPS 2015 (arXiv:1511.00213). Both functions of the score are steps, kept with
/// equal steps joined: a few thousand for 20,000 events.
public struct VennAbers: Sendable, Equatable {
    /// Calibration events.
    public let events: Int
    /// Calibration events of class 1; at least one, as of class 0.
    public let classOneEvents: Int
    /// Scores from which on p0 takes the next value, ascending.
    let p0From: [Double]
    /// The values of p0, ascending; before the first score it is 0, so one more than `p0From`.
    let p0: [Double]
    /// Scores up to which p1 has its value, ascending.
    let p1To: [Double]
    /// The values of p1, ascending; after the last score it is 1, so one more than `p1To`.
    let p1: [Double]

    /// Steps already checked.
    init(
        events: Int,
        classOneEvents: Int,
        p0From: [Double],
        p0: [Double],
        p1To: [Double],
        p1: [Double]
    ) {
        precondition(p0.count == p0From.count + 1 && p1.count == p1To.count + 1)
        self.events = events
        self.classOneEvents = classOneEvents
        self.p0From = p0From
        self.p0 = p0
        self.p1To = p1To
        self.p1 = p1
    }

    /// The share of class 1 among the calibration events: the prior at which the pair is right.
    public var prior: Double { Double(classOneEvents) / Double(events) }

    /// The probability of class 1 if the event were of class 0, and if it were of class 1; p0 ≤ p1.
    ///
    /// NaN in gives NaN out. O(log steps), allocates nothing.
    public func pair(_ score: Double) -> (p0: Double, p1: Double) {
        guard !score.isNaN else { return (.nan, .nan) }
        return (
            p0: p0[p0From.countAtMost(score, in: 0..<p0From.count)],
            p1: p1[p1To.countBelow(score, in: 0..<p1To.count)]
        )
    }

    /// One probability from the pair, p1 / (1 - p0 + p1): the minimax choice for log loss
    /// (Vovk, Petej, Fedorova 2015, section 4).
    public static func merged(p0: Double, p1: Double) -> Double { p1 / (1 - p0 + p1) }
}
