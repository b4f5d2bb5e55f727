/// What the features of one event share out between them: how far its score lies from the
/// background's mean.
public struct ShapleyValues: Equatable, Sendable {
    /// Mean score of the background rows that were used.
    public let base: Double
    /// The event's own score.
    public let score: Double
    /// One a feature; their sum is `score - base` but for rounding.
    public let values: [Double]
    /// Standard error of each value.
    ///
    /// Meant is the value against the whole population that the background rows are a sample of,
    /// not against these rows alone. NaN where there is one row.
    public let standardErrors: [Double]

    init(base: Double, score: Double, _ means: [RunningMean]) {
        self.base = base
        self.score = score
        values = means.map(\.mean)
        standardErrors = means.map(\.standardError)
    }
}
