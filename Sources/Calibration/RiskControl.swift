/// The setting of a monotone knob that keeps an expected loss below a limit.
///
/// Conformal risk control (Angelopoulos, Bates, Fisch, Lei, Schuster, ICLR 2024, arXiv:2208.02814):
/// with losses of at most B that never grow with the setting, the smallest one at which
/// (Σ losses + B) / (n + 1) ≤ limit has an expected loss of at most `limit` over calibration and new
/// event together. It promises no more: for the calibration at hand the loss may lie above.
public enum RiskControl {
    /// The lowest threshold whose expected leakage, the chance that background scores above it, is at
    /// most `leakage`; nil where so few events cannot keep it.
    ///
    /// Thresholds are the scores themselves. O(n log n). Refuses scores that are not finite, no
    /// events, and a leakage that is not a positive number.
    public static func threshold(
        background scores: [Double],
        leakage: Double
    ) throws(CalibrationError) -> Double? {
        try SampleCheck.finite(scores)
        let places = scores.sorted()
        let setting = try firstSetting(
            sums: places.map { Double(places.count - places.countAtMost($0, in: places.indices)) },
            events: places.count,
            largestLoss: 1,
            limit: leakage
        )
        return setting.map { places[$0] }
    }

    /// The number of the first setting, or nil where none keeps the limit.
    ///
    /// `sums[k]` is the sum of all events' losses at setting k, settings in the order in which every
    /// event's loss falls. O(settings). Refuses sums that grow or lie outside 0 to events times
    /// `largestLoss`, no events, and a limit that is not a positive number.
    public static func firstSetting(
        sums: [Double],
        events: Int,
        largestLoss: Double,
        limit: Double
    ) throws(CalibrationError) -> Int? {
        guard limit > 0, limit < .infinity else {
            throw CalibrationError("limit", found: NumberText.of(limit), allowed: "above 0")
        }
        guard events > 0 else {
            throw CalibrationError("events", found: "\(events)", allowed: "at least 1")
        }
        var most = Double(events) * largestLoss
        for (setting, sum) in sums.enumerated() {
            guard sum >= 0, sum <= most else {
                throw CalibrationError(
                    "sums[\(setting)]",
                    found: NumberText.of(sum),
                    allowed: "0 to \(NumberText.of(most))"
                )
            }
            most = sum
        }
        // A limit of 0.1 means one tenth; the sum's rounding is forgiven.
        let allowed = limit * Double(events + 1) * (1 + 0x1p-40)
        return sums.firstIndex { $0 + largestLoss <= allowed }
    }
}
