/// How many features a row may have.
public enum FeatureCount {
    /// The most: an image of 1024 by 1024.
    public static let maximum = 1 << 20

    /// Refuses none and more than `maximum`.
    static func check(_ features: Int) throws(ExplanationError) {
        guard 1...maximum ~= features else {
            throw ExplanationError(
                "features",
                found: "\(features)",
                allowed: "1 to \(maximum)"
            )
        }
    }
}
