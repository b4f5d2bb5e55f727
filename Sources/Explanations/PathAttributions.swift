/// What the features of one event add on the way from a baseline.
public struct PathAttributions: Equatable, Sendable {
    /// One a feature.
    public let values: [Double]
    /// The event's score.
    public let score: Double
    /// The baseline's score.
    public let base: Double

    /// |sum of the values - (score - base)|: 0 for the integral itself, so the error that the finite
    /// number of gradients leaves in the sum.
    public var completenessError: Double { abs(values.reduce(0, +) - (score - base)) }
}
