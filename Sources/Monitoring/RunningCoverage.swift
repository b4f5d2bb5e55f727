internal import Calibration

/// How often intervals of one coverage held the truth, bin by bin, for as long as one calibration
/// answered.
public struct RunningCoverage: Equatable, Sendable {
    /// Coverage that the intervals promised.
    public let coverage: Double
    /// Calibration events of each bin.
    public let calibrationEvents: [Int]
    /// What holds for the coverage of a right calibration.
    public let law: Law
    /// Truths that came, by bin.
    public private(set) var events: [Int]
    /// Those of them that the interval held.
    public private(set) var covered: [Int]

    /// What a bin shows.
    public enum Standing: String, Equatable, Sendable {
        /// Within what the coverage law allows.
        case holds
        /// Fewer truths are held than the law allows: intervals are too narrow.
        case under
        /// More are: intervals are wider than need be.
        case over
        /// Too few truths to tell, or too few calibration events for a law.
        case unknown
    }

    /// How coverage scatters while the calibration is right.
    public enum Law: Equatable, Sendable {
        /// As `CoverageLaw.band` says.
        case exact
        /// As `CoverageLaw.bandOfTwoEnds` says.
        case twoEnds
        /// No lower than the exact law of as many events; a bin with too few of them for a finite quantile
        /// has no law.
        case atLeast
    }

    /// Fewer truths than this tell nothing of a bin.
    public static let fewestEvents = 30

    /// Begins without truths.
    public init(coverage: Double, calibrationEvents: [Int], law: Law = .exact) {
        self.init(
            coverage: coverage,
            calibrationEvents: calibrationEvents,
            law: law,
            events: calibrationEvents.map { _ in 0 },
            covered: calibrationEvents.map { _ in 0 }
        )
    }

    /// Goes on from counts that were kept, one a bin, no more covered than there are events.
    public init(
        coverage: Double,
        calibrationEvents: [Int],
        law: Law = .exact,
        events: [Int],
        covered: [Int]
    ) {
        precondition(coverage > 0 && coverage < 1, "a coverage")
        precondition(events.count == calibrationEvents.count && covered.count == events.count)
        precondition(zip(covered, events).allSatisfy { $0 >= 0 && $0 <= $1 })
        self.coverage = coverage
        self.calibrationEvents = calibrationEvents
        self.law = law
        self.events = events
        self.covered = covered
    }

    /// Takes in one truth of a bin.
    public mutating func learn(bin: Int, isCovered: Bool) {
        events[bin] += 1
        if isCovered { covered[bin] += 1 }
    }

    /// The share of truths held in a bin; NaN without any.
    public func share(bin: Int) -> Double {
        events[bin] == 0 ? .nan : Double(covered[bin]) / Double(events[bin])
    }

    /// Where the share of a bin may lie while the calibration is right, at `level` for this bin.
    public func band(bin: Int, level: Double) -> (low: Double, high: Double) {
        let count = calibrationEvents[bin]
        switch law {
        case .exact:
            return CoverageLaw.band(
                calibrationEvents: count,
                testEvents: events[bin],
                coverage: coverage,
                level: level
            )
        case .twoEnds:
            return CoverageLaw.bandOfTwoEnds(
                calibrationEvents: count,
                testEvents: events[bin],
                coverage: coverage,
                level: level
            )
        case .atLeast:
            guard count >= ConformalRank.fewestEvents(coverage: coverage) else { return (0, 1) }
            let band = CoverageLaw.band(
                calibrationEvents: count,
                testEvents: events[bin],
                coverage: coverage,
                level: level
            )
            return (band.low, 1)
        }
    }

    /// What a bin shows when all bins together leave their bands with a chance of 1 - `level`.
    public func standing(bin: Int, level: Double) -> Standing {
        guard events[bin] >= Self.fewestEvents else { return .unknown }
        let band = band(bin: bin, level: 1 - (1 - level) / Double(events.count))
        guard band != (0, 1) else { return .unknown }
        let share = share(bin: bin)
        if share < band.low { return .under }
        return share > band.high ? .over : .holds
    }
}
