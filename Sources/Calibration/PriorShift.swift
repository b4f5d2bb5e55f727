internal import Glibc

/// What a calibrated probability becomes at another share of class 1.
///
/// The likelihood ratio of an event does not depend on the prior, so
/// logit p' = logit p + logit to - logit from (Bayes; Saerens, Latinne, Decaestecker, Neural
/// Computation 14 (2002) 21). All logarithms are natural.
public enum PriorShift {
    /// The probability at prior `to` of an event that has probability `p` at prior `from`.
    ///
    /// Computed from the odds, not the logits, so 0 and 1 stay exact, and equal priors give `p`
    /// itself. Monotone in `p`, so the two ends of an interval may be shifted alike. Priors lie
    /// strictly between 0 and 1.
    public static func shifted(_ p: Double, from: Double, to: Double) -> Double {
        if from == to || p == 0 || p == 1 { return p }
        let one = p * (to / from)
        let zero = (1 - p) * ((1 - to) / (1 - from))
        return one / (one + zero)
    }

    /// log of P(event | class 1) / P(event | class 0), for an event with probability `p` of class 1
    /// at `prior`: what an analysis may use without believing any prior.
    ///
    /// -infinity at p = 0, infinity at p = 1, exactly 0 at p = prior.
    public static func logLikelihoodRatio(_ p: Double, prior: Double) -> Double {
        log(p / prior) - log((1 - p) / (1 - prior))
    }
}
