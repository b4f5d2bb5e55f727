/// How often something held for test events, bin by bin and level by level, beside its law.
public struct BinnedShares: Sendable, Equatable {
    /// What a level promises, and so how counts spread.
    public enum Law: Sendable, Equatable {
        /// A region of one score, an interval, limit or ellipse, holds the truth.
        case coverage
        /// An interval whose ends have scores of their own holds the truth.
        case twoEnds
        /// A p-value is at most the level.
        case pValue
    }

    /// What the levels promise.
    public let law: Law
    /// Coverages, or p-values.
    public let levels: [Double]
    /// Events of each bin that calibrated.
    public let calibrationEvents: [Int]
    /// Events of each bin that were tested.
    public private(set) var events: [Int]
    /// For how many of them each level held, by level and bin.
    public private(set) var held: [[Int]]

    /// No event yet.
    public init(law: Law, levels: [Double], calibrationEvents: [Int]) {
        self.law = law
        self.levels = levels
        self.calibrationEvents = calibrationEvents
        events = calibrationEvents.map { _ in 0 }
        held = levels.map { _ in calibrationEvents.map { _ in 0 } }
    }

    /// One event more; `holds` says whether the level of a number held.
    public mutating func add(bin: Int, _ holds: (Int) -> Bool) {
        events[bin] += 1
        for level in levels.indices where holds(level) { held[level][bin] += 1 }
    }

    /// The share of a bin's events for which a level held; NaN without events.
    public func share(level: Int, bin: Int) -> Double {
        events[bin] == 0 ? .nan : Double(held[level][bin]) / Double(events[bin])
    }

    /// Where that share lies with a probability of at least `confidence`, between 0 and 1, if the
    /// calibration is right and test events are exchangeable with those that calibrated.
    public func band(level: Int, bin: Int, confidence: Double) -> (low: Double, high: Double) {
        let band =
            switch law {
            case .coverage: CoverageLaw.band
            case .twoEnds: CoverageLaw.bandOfTwoEnds
            case .pValue: CoverageLaw.bandOfPValues
            }
        return band(calibrationEvents[bin], events[bin], levels[level], confidence)
    }
}

extension ConformalMethod {
    /// The law of its intervals.
    public var law: BinnedShares.Law { self == .cqrAsymmetric ? .twoEnds : .coverage }
}
