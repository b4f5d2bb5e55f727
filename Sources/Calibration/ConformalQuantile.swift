/// The calibrated quantile of one bin at one coverage, ready for `SplitConformal.interval`.
public struct ConformalQuantile: Sendable, Equatable {
    /// What the lower end moves down by; infinite where the bin has too few events.
    ///
    /// Its unit is the output's, but for `ConformalMethod.normalised`: there it counts the model's
    /// own scale.
    public let below: Double
    /// What the upper end moves up by; equal to `below` but for `ConformalMethod.cqrAsymmetric`.
    public let above: Double

    /// What both ends move by.
    public init(below: Double, above: Double) {
        self.below = below
        self.above = above
    }

    /// Too few calibration events for this coverage: the interval is the whole line.
    ///
    /// Say so, never clip it.
    public var isInfinite: Bool { below == .infinity || above == .infinity }
}
