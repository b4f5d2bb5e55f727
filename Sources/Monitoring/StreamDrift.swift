internal import Calibration

/// What one data stream's windows say, each held against every reference when it is full.
///
/// A value; whoever holds it takes care that one thread at a time judges.
public struct StreamDrift: Sendable {
    /// Counts of one window of events.
    public struct Window: Equatable, Sendable {
        /// Events of each bin, one list a value.
        public let counts: [[Int]]
        /// Events of each value that are not finite and so in no bin.
        public let nonfinite: [Int]

        /// A window, of the same events for every value.
        public init(counts: [[Int]], nonfinite: [Int]) {
            precondition(counts.count == nonfinite.count, "a number for each value")
            self.counts = counts
            self.nonfinite = nonfinite
        }
    }

    /// A reference that windows are held against.
    public struct Reference: Sendable {
        /// Where its events came from.
        public let kind: ReferenceFile.Kind
        /// One of each value.
        public let histograms: [ReferenceHistogram]

        /// A reference.
        public init(kind: ReferenceFile.Kind, histograms: [ReferenceHistogram]) {
            self.kind = kind
            self.histograms = histograms
        }
    }

    /// How one value compares with one reference.
    public struct Comparison: Sendable {
        /// The last window; nil where no event of it is finite.
        public fileprivate(set) var feature: DriftVerdict.Feature?
        /// Windows that alarmed.
        public fileprivate(set) var alarms = 0
        /// Its bet against the reference.
        public fileprivate(set) var martingale = ExchangeabilityMartingale()
    }

    /// When to alarm.
    ///
    /// Measured on the zoo's models against 40,000 events of the calibration split: in 100 windows of
    /// the same population no rate is below 9e-3 and the largest distance is 0.021; an S2 gain lower
    /// by 5 % has a rate below 2e-8 and a distance of at least 0.035 in each of 10 windows, one lower
    /// by 2 % is on the edge. So both limits stand between, and a stream without a shift has one false
    /// alarm in 10,000 windows at most.
    public static let limits = DriftVerdict.Limits(rate: 1e-4, distance: 0.02)
    /// Chance at which a martingale alarms, ever, without a shift.
    public static let martingaleChance = 1e-6
    /// One event in so many is bet on.
    public static let eventsPerBet = 64

    /// Windows judged.
    public private(set) var windows = 0
    /// The last of them; nil before the first.
    public private(set) var last: Window?
    /// Windows in which some value alarmed, one number a reference.
    public private(set) var alarms: [Int]
    /// Comparisons, one list a reference, one entry a value.
    public private(set) var comparisons: [[Comparison]]
    private let names: [String]
    private let references: [Reference]
    /// What the martingales' draws begin from: another one for each stream.
    private let seed: UInt64
    private var draws: UInt64 = 0

    /// A stream without windows; `names` are those of the values.
    public init(names: [String], references: [Reference], seed: UInt64) {
        precondition(references.allSatisfy { $0.histograms.count == names.count })
        self.names = names
        self.references = references
        self.seed = seed
        alarms = references.map { _ in 0 }
        comparisons = references.map { _ in names.map { _ in Comparison() } }
    }

    /// Holds a window against every reference.
    ///
    /// Some microseconds for each value.
    public mutating func judge(_ window: Window) {
        precondition(window.counts.count == names.count, "counts of every value")
        for (place, reference) in references.enumerated() {
            let tested = names.indices.filter { window.counts[$0].contains { $0 > 0 } }
            let verdict = DriftVerdict(
                tested.map { value in
                    let histogram = reference.histograms[value]
                    return (
                        names[value], DriftTest(window: window.counts[value], reference: histogram)
                    )
                },
                limits: Self.limits
            )
            for value in names.indices { comparisons[place][value].feature = nil }
            for (value, feature) in zip(tested, verdict.features) {
                comparisons[place][value].feature = feature
                if feature.isAlarm { comparisons[place][value].alarms += 1 }
            }
            if verdict.isAlarm { alarms[place] += 1 }
        }
        for value in names.indices { bet(value, window.counts[value]) }
        windows += 1
        last = window
    }

    /// Bets on some of a window's events, drawn from its counts without replacement.
    ///
    /// If the events of a window are exchangeable, then so are those drawn, in the order drawn: the
    /// request path need not say in which order events came.
    private mutating func bet(_ value: Int, _ window: [Int]) {
        var left = window
        var remaining = window.reduce(0, +)
        for _ in 0..<remaining / Self.eventsPerBet {
            let words = Philox.block(counter: (draws, 0, 0, 0), key: (seed, 0))
            draws += 1
            // The high word of a product: each place is as likely as others up to 2^-50.
            var place = Int(words.0.multipliedFullWidth(by: UInt64(remaining)).high)
            var bin = 0
            while place >= left[bin] {
                place -= left[bin]
                bin += 1
            }
            left[bin] -= 1
            remaining -= 1
            let uniform = Double(words.1 >> 11) * 0x1p-53
            for (index, reference) in references.enumerated() {
                comparisons[index][value].martingale.bet(
                    reference.histograms[value].pValue(bin: bin, uniform: uniform)
                )
            }
        }
    }
}
