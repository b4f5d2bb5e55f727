/// True values of events.
public struct TruthCall: Sendable, Equatable {
    /// Name of the model.
    public var model: String
    /// Version, as it is quoted; nil for the one that is served.
    public var version: String?
    /// The data stream that the events belong to; empty for none.
    public var stream = ""
    /// Ids of events that were scored with them; with the events themselves, ids to draw answers by where
    /// they are drawn by event, else nil.
    public var eventIds: TensorValue?
    /// What such answers are drawn from, with the ids; nil for 0.
    public var seed: UInt64?
    /// The events, as in a request to score them; empty where ids name them.
    public var inputs: [TensorValue] = []
    /// Values by name, one an event, for calibration bins.
    public var columns: [TensorValue] = []
    /// True values by the names of truth columns, one an event.
    public var truths: [TensorValue] = []

    /// Truths of a model's events.
    public init(model: String) { self.model = model }
}

/// What became of true values.
public struct TruthAnswer: Sendable, Equatable {
    /// Events whose truths were taken.
    public var taken = 0
    /// Id of the calibration in use afterwards.
    public var calibration = ""

    /// Nothing taken.
    public init() {}
}

/// A calibration of a version that takes truths.
public struct CalibrationState: Sendable, Equatable {
    /// Id, as replies quote it.
    public var id: String
    /// ISO 8601.
    public var date: String
    /// Id of the calibration that it was learned from; empty for one that was not.
    public var parent: String
    /// Truths that it learned since the calibration that nothing was learned for.
    public var truths: Int
    /// Calibration events.
    public var events: Int
    /// Whether answers are calibrated by it now.
    public var isInUse: Bool

    /// A calibration.
    public init(
        id: String,
        date: String,
        parent: String,
        truths: Int,
        events: Int,
        isInUse: Bool
    ) {
        self.id = id
        self.date = date
        self.parent = parent
        self.truths = truths
        self.events = events
        self.isInUse = isInUse
    }
}

/// The calibrations of a version that takes truths, and how its coverage stands.
public struct CalibrationsReport: Sendable, Equatable {
    /// Name of the model.
    public var model = ""
    /// Version, as it is quoted.
    public var version = ""
    /// Oldest first.
    public var calibrations: [CalibrationState] = []
    /// Bins that truths came for.
    public var coverage: [CoverageStanding] = []
    /// Why the last calibration could not be kept, or empty.
    public var problem = ""

    /// Empty.
    public init() {}
}
