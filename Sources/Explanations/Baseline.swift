/// The event that others are compared with.
enum Baseline {
    /// Refuses other than one finite number a feature.
    static func check(_ baseline: [Float], features: Int) throws(ExplanationError) {
        guard baseline.count == features else {
            throw ExplanationError(
                "baseline",
                found: "\(baseline.count) numbers",
                allowed: "\(features), one a feature"
            )
        }
        guard let feature = baseline.firstIndex(where: { !$0.isFinite }) else { return }
        throw ExplanationError(
            "baseline[\(feature)]",
            found: "\(baseline[feature])",
            allowed: "finite numbers"
        )
    }
}
