public import Tensors

/// A request that is not about events.
public enum ControlRequest: Sendable, Equatable {
    /// What the daemon is and how it fares.
    case status
    /// Which models there are; a name narrows it to one.
    case models(String?)
    /// Read the model folder again.
    case reload
    /// True values of events.
    case truth(TruthCall)
    /// The calibrations of a model that takes truths; an id makes that one the one in use.
    case calibrations(model: String, version: String?, use: String?)
    /// How events compare with references; a name narrows it to one model.
    case monitoring(String?)
}

/// The answer to a control request.
public enum ControlReply: Sendable, Equatable {
    case status(DaemonStatus)
    case models([ModelDescription])
    /// One line for everything that changed or failed.
    case reload([String])
    case truth(TruthAnswer)
    case calibrations(CalibrationsReport)
    case monitoring([ModelMonitoring])
    case refusal(Refusal)
}

/// What the daemon is and how it fares.
public struct DaemonStatus: Sendable, Equatable {
    /// Version of the daemon.
    public var version = ""
    /// Whether requests are welcome.
    public var isReady = false
    /// Why not ready.
    public var reasons: [String] = []
    /// What answers by other means than it should.
    public var degraded: [String] = []
    /// Since the start.
    public var uptimeMicroseconds: UInt64 = 0
    /// Endpoints that listen.
    public var endpoints: [String] = []
    /// Score requests read.
    public var requests: UInt64 = 0
    /// Score requests refused.
    public var refusals: UInt64 = 0
    /// Events scored.
    public var events: UInt64 = 0
    /// Requests admitted and not answered yet.
    public var inFlight: UInt64 = 0

    /// Empty.
    public init() {}
}

/// An input or output of a model, for people and clients.
public struct TensorDescription: Sendable, Equatable {
    /// Name, type, shape of one event.
    public var signature: TensorSignature
    /// Unit, "1" for none.
    public var unit = ""
    /// One sentence.
    public var meaning = ""
    /// Names of the components of a one-dimensional input.
    public var features: [String] = []
    /// Most rows of one event, or 0 when not ragged.
    public var raggedMaximum = 0
    /// "refuse", "flag" or "missing"; empty for outputs.
    public var nonfinite = ""

    /// A tensor without further words.
    public init(signature: TensorSignature) { self.signature = signature }
}

/// How one output's uncertainty is made, as far as `vigil calibrate` must know.
public struct UncertaintyDescription: Sendable, Equatable {
    /// Output that it belongs to.
    public var output = ""
    /// "absolute", "normalised", "ensemble", "cqr", "cqr-asymmetric"; "venn-abers", "temperature",
    /// "platt", "beta", "isotonic", "best"; "lac", "aps", "raps"; "p-value".
    public var method = ""
    /// Ends of an interval, "both", "upper" or "lower"; empty where the method has none.
    public var side = ""
    /// Columns that the bins cut, at most two; none for one bin.
    public var bins: [BinAxis] = []
    /// Column that weighs events, and the bins of its histograms; nil: all weigh the same.
    ///
    /// Without edges the column is the weight.
    public var weight: BinAxis?
    /// Raw output that holds the lower quantile.
    public var lower = ""
    /// Raw output that holds the upper quantile.
    public var upper = ""
    /// Raw output that holds the scale.
    public var sigma = ""
    /// Column of labelled data that holds the truth.
    public var truth = ""
    /// All classes in the output's order, classes 0 and 1 of a binary score, or the one normal class
    /// of an anomaly score.
    public var classes: [ClassDescription] = []
    /// Of "raps": what each rank past the free ones adds to a score.
    public var penalty: Double?
    /// Of "raps": ranks that add nothing.
    public var freeRanks = 0

    /// Empty.
    public init() {}
}

/// Two outputs that are answered together.
public struct RegionDescription: Sendable, Equatable {
    /// The outputs along the first and the second axis.
    public let outputs: [String]
    /// Probabilities that an ellipse holds the truth.
    public let coverages: [Double]

    /// A region.
    public init(outputs: [String], coverages: [Double]) {
        self.outputs = outputs
        self.coverages = coverages
    }
}

/// A class by name, and the values of a truth column that mean it.
public struct ClassDescription: Sendable, Equatable {
    /// Name in replies.
    public let name: String
    /// Values of the truth column.
    public let labels: [Double]

    /// A class.
    public init(name: String, labels: [Double]) {
        self.name = name
        self.labels = labels
    }
}

/// One version of one model.
public struct ModelDescription: Sendable, Equatable {
    /// Whether a version takes requests.
    public enum State: String, Sendable, CaseIterable {
        case serving
        case loading
        case failed
    }

    /// Name.
    public var name = ""
    /// Version, as it is quoted.
    public var version = ""
    /// "sha256:" and 64 hexadecimal digits, of the artefact.
    public var digest = ""
    /// What the model answers.
    public var task = ""
    /// What runs the artefact.
    public var engine = ""
    /// Engine and its version.
    public var engineVersion = ""
    /// Numerical precision.
    public var precision = ""
    /// Where the model runs.
    public var device = ""
    /// Class of device that calibrations belong to.
    public var deviceClass = ""
    /// Whether the version takes requests.
    public var state = State.loading
    /// Why it does not serve, or why a newer version does not.
    public var reasons: [String] = []
    /// Whether the daemon is ready only while this model serves.
    public var isRequired = false
    /// Input tensors, in order.
    public var inputs: [TensorDescription] = []
    /// Output tensors, in order.
    public var outputs: [TensorDescription] = []
    /// How the uncertainty of each output is made.
    public var uncertainty: [UncertaintyDescription] = []
    /// Calibration id, or nil when none was used.
    public var calibration: String?
    /// Date of the calibration, ISO 8601.
    public var calibrationDate: String?
    /// Why calibrated answers are refused, or nil.
    public var calibrationReason: String?
    /// Folder of the version as the daemon sees it.
    public var folder = ""
    /// Measured micro-batch shapes: rows and nanoseconds of one run.
    public var ladder: [(rows: Int, nanoseconds: Int)] = []
    /// How the engine evaluates the artefact, where it has several ways that give the same bits.
    public var evaluation = ""
    /// Outputs that are answered together.
    public var regions: [RegionDescription] = []
    /// Calibration events per bin.
    public var bins: [BinEvents] = []
    /// What the model is, in a sentence.
    public var summary = ""
    /// Inputs, features and outputs whose distribution is watched.
    public var monitored: [String] = []
    /// Coverage of intervals when a request names none.
    public var coverage: Double?
    /// How scores are explained on request; nil where the manifest does not say.
    public var explanation: ExplanationDescription?

    /// Empty.
    public init() {}

    /// Equal in everything a client can tell.
    public static func == (left: Self, right: Self) -> Bool {
        left.name == right.name && left.version == right.version && left.digest == right.digest
            && left.state == right.state && left.reasons == right.reasons
            && left.calibration == right.calibration && left.inputs == right.inputs
            && left.outputs == right.outputs && left.uncertainty == right.uncertainty
            && left.regions == right.regions && left.bins == right.bins && left.task == right.task
            && left.engine == right.engine && left.explanation == right.explanation
    }
}

/// Whether requests are welcome, and why not.
public struct Readiness: Sendable, Equatable {
    /// Empty when ready.
    public let reasons: [String]
    /// What answers by other means than it should; requests are welcome all the same.
    public let degraded: [String]
    /// Whether requests are welcome.
    public var isReady: Bool { reasons.isEmpty }
    /// In two words at most.
    public var word: String { isReady ? (degraded.isEmpty ? "ready" : "degraded") : "not ready" }

    /// Ready exactly when there is no reason against it.
    public init(reasons: [String], degraded: [String] = []) {
        self.reasons = reasons
        self.degraded = degraded
    }
}
