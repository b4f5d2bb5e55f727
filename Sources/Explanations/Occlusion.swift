/// What an event's score loses with each group of features: f(x) - f(x without the group).
///
/// A group is taken away by putting its baseline in its place (Zeiler and Fergus, ECCV 2014,
/// arXiv:1311.2901): 0, as a sensor that saw nothing, or the background's mean. Nothing is sampled, so
/// the numbers carry no error but the scores' own rounding; they are no shares of the score, for groups
/// that interact count what they do together twice or not at all.
///
/// Rows: the event, then the event without each group.
public struct Occlusion: EvaluationPlan, Equatable {
    /// What is taken away together.
    public let groups: FeatureGroups
    /// What comes in place of each feature.
    public let baseline: [Float]

    /// A baseline of as many numbers as features; refuses one that is not finite.
    public init(groups: FeatureGroups, baseline: [Float]) throws(ExplanationError) {
        try Baseline.check(baseline, features: groups.features)
        self.groups = groups
        self.baseline = baseline
    }

    /// The baseline 0.
    public init(groups: FeatureGroups) {
        self.groups = groups
        baseline = [Float](repeating: 0, count: groups.features)
    }

    /// Features of the model.
    public var features: Int { groups.features }

    /// The groups, and the event itself.
    public var evaluations: Int { groups.groups.count + 1 }

    /// The event, its group's features replaced.
    public func write(
        row: Int,
        of x: Span<Float>,
        to buffer: inout MutableSpan<Float>,
        at offset: Int
    ) {
        copy(x, from: 0, count: features, to: &buffer, at: offset)
        guard row > 0 else { return }
        for feature in groups.groups[row - 1] { buffer[offset + feature] = baseline[feature] }
    }

    /// "without group 3".
    public func name(ofRow row: Int) -> String {
        row == 0 ? "the event itself" : "without group \(row - 1)"
    }

    /// One number a group, from the scores of all rows in their order; `event` is for messages.
    ///
    /// Refuses scores that are not finite.
    @specialized(where Score == Float)
    @specialized(where Score == Double)
    public func attributions<Score: BinaryFloatingPoint>(
        scores: Span<Score>,
        event: UInt64
    ) throws(ExplanationError) -> [Double] {
        try check(scores, width: 1, event: event)
        let score = Double(scores[0])
        var attributions: [Double] = []
        attributions.reserveCapacity(scores.count - 1)
        for row in 1..<scores.count { attributions.append(score - Double(scores[row])) }
        return attributions
    }
}
