internal import Glibc

/// Conformal p-values that hold for the calibration at hand.
///
/// P(p ≤ t) ≤ t holds for a conformal p-value on average over calibrations; for the one at hand the
/// chance may be larger. With probability `confidence` and more over calibrations, an adjusted
/// p-value keeps P(p ≤ t | calibration) ≤ t for all t at once: the Simes variant of Bates, Candès,
/// Lei, Romano, Sesia, Ann. Statist. 51 (2023) 149 (arXiv:2104.08279), theorem 3 and equation (12)
/// with k = n/2. It costs most for the largest p-values, which are 1 from about 1/2 on, and a
/// factor for the smallest.
public struct ConditionalPValues: Sendable, Equatable {
    /// Calibration events.
    public let events: Int
    /// Probability with which the promise holds.
    public let confidence: Double

    /// At least 1 event; a confidence between 0 and 1.
    public init(events: Int, confidence: Double) throws(CalibrationError) {
        guard events >= 1 else {
            throw CalibrationError("events", found: "\(events)", allowed: "at least 1")
        }
        try SampleCheck.fraction(confidence, "confidence")
        self.events = events
        self.confidence = confidence
    }

    /// The p-value for the conformal one `pValue`, a multiple of 1/(events + 1); NaN for NaN.
    ///
    /// O(1).
    public func adjusted(_ pValue: Double) -> Double {
        guard !pValue.isNaN else { return .nan }
        let rank = Int((pValue * Double(events + 1)).rounded())
        return bound(rank: min(max(rank, 1), events + 1))
    }

    /// b_rank: what the rank-th smallest of n uniform numbers is at most, for all ranks at once.
    private func bound(rank: Int) -> Double {
        guard rank <= events else { return 1 }
        let half = max(1, events / 2)
        let left = events + 1 - rank
        // A product of numbers down to left - half + 1, which has a 0 among them.
        guard left >= half else { return 1 }
        let product =
            lgamma(Double(left + 1)) - lgamma(Double(left - half + 1))
            - lgamma(Double(events + 1)) + lgamma(Double(events - half + 1))
        return -expm1((log(1 - confidence) + product) / Double(half))
    }
}
