/// What scores and labels of a binary calibration must be.
enum BinarySample {
    /// How many events are of class 1.
    ///
    /// Refuses a score that is not finite, unequal lengths and a sample without both classes.
    static func ones(_ scores: [Double], _ labels: [Bool]) throws(CalibrationError) -> Int {
        guard scores.count == labels.count else {
            throw CalibrationError(
                "labels",
                found: "\(labels.count) of them",
                allowed: "one for each of \(scores.count) scores"
            )
        }
        try SampleCheck.finite(scores)
        let ones = labels.count { $0 }
        guard ones > 0, ones < labels.count else {
            throw CalibrationError(
                "labels",
                found: "\(ones) of class 1 among \(labels.count)",
                allowed: "both classes"
            )
        }
        return ones
    }
}
