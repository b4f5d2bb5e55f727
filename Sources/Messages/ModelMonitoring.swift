/// How the events of one model version compare with its references, stream by stream.
public struct ModelMonitoring: Sendable, Equatable {
    /// A watched value.
    public struct Value: Sendable, Equatable {
        /// Feature or output.
        public var name: String
        /// Unit, "1" for none.
        public var unit: String
        /// Interior edges of its bins; one fewer than bins.
        public var edges: [Double]

        /// A value.
        public init(name: String, unit: String, edges: [Double]) {
            self.name = name
            self.unit = unit
            self.edges = edges
        }
    }

    /// Events of one value by bin.
    public struct Counts: Sendable, Equatable {
        /// Of each bin.
        public var events: [UInt64]
        /// Not finite, and so in no bin.
        public var nonfinite: UInt64

        /// Counts.
        public init(events: [UInt64], nonfinite: UInt64) {
            self.events = events
            self.nonfinite = nonfinite
        }
    }

    /// A sample that streams are held against.
    public struct Reference: Sendable, Equatable {
        /// "simulation" or "data".
        public var kind: String
        /// When it was made, ISO 8601.
        public var date: String
        /// Digest of the events' file.
        public var dataDigest: String
        /// Events.
        public var events: UInt64
        /// Of each value.
        public var counts: [Counts]

        /// A reference.
        public init(
            kind: String,
            date: String,
            dataDigest: String,
            events: UInt64,
            counts: [Counts]
        ) {
            self.kind = kind
            self.date = date
            self.dataDigest = dataDigest
            self.events = events
            self.counts = counts
        }
    }

    /// How one value of a stream compares with one reference.
    public struct Drift: Sendable, Equatable {
        /// Largest difference of the cumulative distributions in the last window, 0 to 1.
        ///
        /// Nil where no event of it is finite.
        public var distance: Double?
        /// The chance of what was found, were nothing shifted; nil like `distance`.
        public var pValue: Double?
        /// The same as a false discovery rate over the values of the window; nil like `distance`.
        public var qValue: Double?
        /// Whether it is both significant and large.
        public var isAlarm = false
        /// Windows that alarmed.
        public var alarms: UInt64 = 0
        /// Natural logarithm of the martingale's capital, which began as 1.
        public var logCapital = 0.0
        /// The largest it ever was.
        public var largestLogCapital = 0.0
        /// Whether the capital ever was so large that the martingale alarms.
        public var isMartingaleAlarm = false

        /// Nothing was found yet.
        public init() {}
    }

    /// A stream against one reference.
    public struct Comparison: Sendable, Equatable {
        /// Kind of the reference.
        public var reference: String
        /// Windows in which some value alarmed.
        public var alarms: UInt64
        /// Whether the last one did.
        public var isAlarm: Bool
        /// Of each value.
        public var values: [Drift]

        /// A comparison.
        public init(reference: String, alarms: UInt64, isAlarm: Bool, values: [Drift]) {
            self.reference = reference
            self.alarms = alarms
            self.isAlarm = isAlarm
            self.values = values
        }
    }

    /// One data stream.
    public struct Stream: Sendable, Equatable {
        /// As requests name it; "none" for those that do not, "others" for streams past the capacity.
        public var name: String
        /// Events counted.
        public var events: UInt64
        /// Windows judged.
        public var windows: UInt64
        /// Windows that came faster than they could be judged.
        public var skipped: UInt64
        /// The last window judged, of each value; empty before the first.
        public var counts: [Counts]
        /// Against each reference.
        public var comparisons: [Comparison]

        /// A stream.
        public init(
            name: String,
            events: UInt64,
            windows: UInt64,
            skipped: UInt64,
            counts: [Counts],
            comparisons: [Comparison]
        ) {
            self.name = name
            self.events = events
            self.windows = windows
            self.skipped = skipped
            self.counts = counts
            self.comparisons = comparisons
        }
    }

    /// The model's name.
    public var model = ""
    /// The model's version.
    public var version = ""
    /// Why nothing or less than was asked for is watched, or nil.
    public var reason: String?
    /// Events of a window.
    public var windowEvents: UInt64 = 0
    /// Largest false discovery rate of an alarm.
    public var rate = 0.0
    /// Smallest distance of an alarm.
    public var distance = 0.0
    /// Chance at which a martingale alarms, ever, without a shift.
    public var chance = 0.0
    /// Watched values, in the order of every list of counts and drifts.
    public var values: [Value] = []
    /// References, in the order of every list of comparisons.
    public var references: [Reference] = []
    /// Streams that events came from, in the order of their first one.
    public var streams: [Stream] = []
    /// Id of the calibration in use, or nil.
    public var calibration: String?
    /// How coverage stands since it came into use, bin by bin; empty while no truths came.
    public var coverage: [CoverageStanding] = []

    /// Nothing is watched.
    public init() {}
}
