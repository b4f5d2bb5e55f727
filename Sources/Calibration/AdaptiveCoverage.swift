/// A coverage that follows what happens: adaptive conformal inference.
///
/// Gibbs and Candès, NeurIPS 2021 (arXiv:2106.00170): after each truth the miscoverage asked for
/// moves by γ times what it missed by. Over T truths the observed miscoverage is then at most the one
/// wanted and (α₁ + γ) / (γ T), whatever the events do (proposition 4.1 there, one side of it: α stays
/// at most 1, for the narrowest interval of a calibration may still hold every truth). That is a
/// promise about the past of the stream, not about the next event.
public struct AdaptiveCoverage: Equatable, Sendable {
    /// Coverage wanted, inside (0, 1).
    public let target: Double
    /// Step of one truth, γ; 0 leaves the coverage alone.
    public let step: Double
    /// Miscoverage asked for now, α_t; at most 1, and down to -`step`.
    public private(set) var miscoverage: Double
    /// Truths so far.
    public private(set) var truths: Int

    /// Begins at the target.
    ///
    /// Refuses a target outside (0, 1) and a step outside [0, 1].
    public init(target: Double, step: Double) throws(CalibrationError) {
        try self.init(target: target, step: step, miscoverage: 1 - target, truths: 0)
    }

    /// Goes on from a state that was kept.
    public init(
        target: Double,
        step: Double,
        miscoverage: Double,
        truths: Int
    ) throws(CalibrationError) {
        try SampleCheck.fraction(target, "target")
        guard step >= 0, step <= 1 else {
            throw CalibrationError("step", found: NumberText.of(step), allowed: "0 to 1")
        }
        // Below 0 intervals are infinite and hold the truth, so that it rises again.
        guard miscoverage >= -step, miscoverage <= 1 else {
            throw CalibrationError(
                "miscoverage",
                found: NumberText.of(miscoverage),
                allowed: "\(NumberText.of(-step)) to 1"
            )
        }
        guard truths >= 0 else {
            throw CalibrationError("truths", found: "\(truths)", allowed: "0 and more")
        }
        self.target = target
        self.step = step
        self.miscoverage = miscoverage
        self.truths = truths
    }

    /// The coverage to ask of the calibration: 1 gives infinite intervals, 0 the narrowest.
    public var coverage: Double { min(max(1 - miscoverage, 0), 1) }

    /// Takes in whether the interval at `coverage` held the truth of one event.
    public mutating func learn(isCovered: Bool) {
        miscoverage = min(1, miscoverage + step * ((1 - target) - (isCovered ? 0 : 1)))
        truths += 1
    }
}
