/// What numbers of a sample or a promise must be.
enum SampleCheck {
    /// Refuses scores that are not finite, by their place.
    static func finite(_ scores: [Double]) throws(CalibrationError) {
        guard let index = scores.firstIndex(where: { !$0.isFinite }) else { return }
        throw CalibrationError(
            "scores[\(index)]",
            found: NumberText.of(scores[index]),
            allowed: "finite numbers"
        )
    }

    /// Refuses what is not between 0 and 1.
    static func fraction(_ value: Double, _ what: String) throws(CalibrationError) {
        guard value > 0, value < 1 else {
            throw CalibrationError(
                what,
                found: NumberText.of(value),
                allowed: "between 0 and 1, neither of them"
            )
        }
    }
}
