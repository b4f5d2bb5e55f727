/// Features that are taken away together: a sensor, a patch of an image, what was measured together.
///
/// No feature is in two groups; one may be in none.
public struct FeatureGroups: Equatable, Sendable {
    /// Features of the model.
    public let features: Int
    /// Feature numbers of each group, ascending.
    public let groups: [[Int]]

    /// Lists of feature numbers from 0; refuses no groups, empty ones, numbers beyond the features
    /// and features named twice.
    public init(_ groups: [[Int]], features: Int) throws(ExplanationError) {
        try FeatureCount.check(features)
        guard !groups.isEmpty else {
            throw ExplanationError("groups", found: "none", allowed: "at least one")
        }
        // The group of every feature.
        var owners = [Int?](repeating: nil, count: features)
        for (group, members) in groups.enumerated() {
            guard !members.isEmpty else {
                throw ExplanationError(
                    "groups[\(group)]",
                    found: "no feature",
                    allowed: "at least one"
                )
            }
            for feature in members {
                guard 0..<features ~= feature else {
                    throw ExplanationError(
                        "groups[\(group)]",
                        found: "feature \(feature)",
                        allowed: "0 to \(features - 1)"
                    )
                }
                if let owner = owners[feature] {
                    throw ExplanationError(
                        "groups[\(group)]",
                        found: "feature \(feature), which is in groups[\(owner)] already",
                        allowed: "every feature once"
                    )
                }
                owners[feature] = group
            }
        }
        self.features = features
        self.groups = groups.map { $0.sorted() }
    }

    /// Every feature by itself, as the sensors of an array.
    public static func each(features: Int) throws(ExplanationError) -> FeatureGroups {
        try FeatureCount.check(features)
        return try FeatureGroups((0..<features).map { [$0] }, features: features)
    }

    /// Patches of an image of `channels` × `height` × `width` in C order: squares of `side` pixels in
    /// all channels, row by row from the first pixel; those at the far edges may be smaller.
    public static func patches(
        channels: Int,
        height: Int,
        width: Int,
        side: Int
    ) throws(ExplanationError) -> FeatureGroups {
        let lengths = [
            ("channels", channels), ("height", height), ("width", width), ("side", side),
        ]
        for (name, length) in lengths where !(1...FeatureCount.maximum ~= length) {
            throw ExplanationError(
                name,
                found: "\(length)",
                allowed: "1 to \(FeatureCount.maximum)"
            )
        }
        let (pixels, isTooLarge) = (channels * height).multipliedReportingOverflow(by: width)
        try FeatureCount.check(isTooLarge ? .max : pixels)
        var groups: [[Int]] = []
        for top in stride(from: 0, to: height, by: side) {
            for left in stride(from: 0, to: width, by: side) {
                var patch: [Int] = []
                for channel in 0..<channels {
                    for row in top..<min(top + side, height) {
                        let first = (channel * height + row) * width
                        patch += first + left..<first + min(left + side, width)
                    }
                }
                groups.append(patch)
            }
        }
        return try FeatureGroups(groups, features: pixels)
    }
}
