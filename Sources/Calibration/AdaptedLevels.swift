/// What adaptive conformal inference asks of each bin of a calibration, so that one coverage is reached
/// over time.
public struct AdaptedLevels: Equatable, Sendable {
    /// The coverage wanted; the only one that intervals have.
    public let coverage: Double
    /// Step of one truth.
    public let step: Double
    /// State of each bin.
    public private(set) var bins: [AdaptiveCoverage]

    /// Begins at the coverage in every bin.
    ///
    /// Refuses what `AdaptiveCoverage` refuses.
    public init(coverage: Double, step: Double, bins count: Int) throws(CalibrationError) {
        let begin = try AdaptiveCoverage(target: coverage, step: step)
        self.coverage = coverage
        self.step = step
        bins = Array(repeating: begin, count: count)
    }

    /// Goes on from states that were kept, all of one coverage and step.
    init(coverage: Double, step: Double, bins: [AdaptiveCoverage]) {
        self.coverage = coverage
        self.step = step
        self.bins = bins
    }

    /// Takes in whether the interval of an event of a bin held its truth.
    public mutating func learn(bin: Int, isCovered: Bool) { bins[bin].learn(isCovered: isCovered) }
}
