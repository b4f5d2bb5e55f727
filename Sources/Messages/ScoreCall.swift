public import Tensors

/// A tensor that owns its bytes: what clients send and receive.
public struct TensorValue: Sendable, Equatable {
    /// Name on the wire; empty where the place says what it is.
    public var name: String
    /// Type of the elements.
    public var type: ElementType
    /// Shape with the event axis first.
    public var shape: [Int]
    /// Little-endian, C order.
    public var bytes: [UInt8]
    /// Row splits of a ragged tensor.
    public var rowSplits: [Int64]?

    /// A tensor of `shape` elements.
    public init(
        name: String,
        type: ElementType,
        shape: [Int],
        bytes: [UInt8],
        rowSplits: [Int64]? = nil
    ) {
        self.name = name
        self.type = type
        self.shape = shape
        self.bytes = bytes
        self.rowSplits = rowSplits
    }

    /// A float32 tensor.
    public init(name: String, shape: [Int], floats: [Float]) {
        unsafe self.init(
            name: name,
            type: .float32,
            shape: shape,
            bytes: floats.withUnsafeBytes { unsafe [UInt8]($0) }
        )
    }

    /// Events.
    public var rows: Int { rowSplits.map { $0.count - 1 } ?? shape.first ?? 0 }

    /// The elements of a tensor of float32, float16 or bfloat16; empty for other types.
    public var floats: [Float] {
        if type.isHalf { return halves }
        guard type == .float32 else { return [] }
        return unsafe bytes.withUnsafeBytes { raw in
            (0..<raw.count / 4).map {
                unsafe raw.loadUnaligned(fromByteOffset: $0 * 4, as: Float.self)
            }
        }
    }

    private var halves: [Float] {
        unsafe bytes.withUnsafeBytes { raw in
            (0..<raw.count / 2).map {
                type.float(
                    ofHalf: unsafe raw.loadUnaligned(fromByteOffset: $0 * 2, as: UInt16.self)
                )
            }
        }
    }

    /// Rows `range` of a dense tensor.
    public func rows(_ range: Range<Int>) -> TensorValue {
        let stride = bytes.count / max(shape.first ?? 1, 1)
        var part = self
        part.shape[0] = range.count
        part.bytes = Array(bytes[range.lowerBound * stride..<range.upperBound * stride])
        return part
    }
}

/// A score request that owns what it sends.
public struct ScoreCall: Sendable {
    /// Name of the model.
    public var model: String
    /// Version, as it is quoted.
    public var version: String?
    /// Input tensors, in order.
    public var inputs: [TensorValue]
    /// Values by name, one an event.
    public var columns: [TensorValue] = []
    /// One id an event, int64 or uint64.
    public var eventIds: TensorValue?
    /// The data stream that the events belong to.
    public var stream: String?
    /// What randomised answers are drawn from, with the events' ids; 0 where nil.
    public var seed: UInt64?
    /// Time the daemon has, from its read of the message.
    public var deadlineMicroseconds: UInt64?
    /// Who goes first.
    public var priority = Priority.standard
    /// Coverage of intervals, where there is one.
    public var coverage: Double?
    /// Probability of class 1 where the events come from.
    public var prior: Double?
    /// Whether the artefact's own outputs are wanted, without calibration.
    public var isRaw = false
    /// Output tensors, in order.
    public var outputs: [String] = []
    /// Whether to say what made each score; allowed at priority `bulk` alone.
    public var wantsAttributions = false

    /// A request for a model's answer.
    public init(model: String, inputs: [TensorValue]) {
        self.model = model
        self.inputs = inputs
    }
}

/// The answer to a score request.
public struct ScoreAnswer: Sendable, Equatable {
    /// One output for every event.
    public struct Output: Sendable, Equatable {
        /// Name.
        public var name = ""
        /// Unit, "1" for none.
        public var unit = ""
        /// How the uncertainty is made.
        public var method = ""
        /// Coverage of intervals, where there is one.
        public var coverage: Double?
        /// One value an event.
        public var value: TensorValue
        /// Lower end, or the raw output of the lower quantile.
        public var lower: TensorValue?
        /// Upper end, or the raw output of the upper quantile.
        public var upper: TensorValue?
        /// nil: every event's flags are 0.
        public var flags: TensorValue?
        /// uint8, one a class: whether it is in the event's set.
        public var set: TensorValue?
        /// Names of the classes, in the order of value and set.
        public var classes: [String] = []
        /// What an ensemble's members say is noise of the data.
        public var aleatoric: TensorValue?
        /// What its training left open.
        public var epistemic: TensorValue?

        /// An output with a value.
        public init(value: TensorValue) { self.value = value }
    }

    /// Conformal p-values under one hypothesis.
    public struct PValue: Sendable, Equatable {
        /// Name.
        public var name = ""
        /// How the uncertainty is made.
        public var method = ""
        /// One value an event.
        public var value: TensorValue

        /// p-values.
        public init(value: TensorValue) { self.value = value }
    }

    /// Two outputs together, and ellipses around their values.
    public struct Region: Sendable, Equatable {
        /// The outputs along the first and the second axis.
        public var outputs: [String] = []
        /// Their unit.
        public var unit = ""
        /// How the ellipses are made.
        public var method = ""
        /// Probabilities that an ellipse holds the truth.
        public var coverages: [Double] = []
        /// Of shape [events, coverages, 3]: longer and shorter semi-axis, and angle in rad.
        public var ellipses: TensorValue
        /// nil: every event's flags are 0.
        public var flags: TensorValue?

        /// A region with ellipses.
        public init(ellipses: TensorValue) { self.ellipses = ellipses }
    }

    /// Where the scores come from, as text.
    public struct Origin: Sendable, Equatable {
        /// Name of the model.
        public var model = ""
        /// Version, as it is quoted.
        public var version = ""
        /// "sha256:" and 64 hexadecimal digits, of the artefact.
        public var digest = ""
        /// What runs the artefact.
        public var engine = ""
        /// Numerical precision.
        public var precision = ""
        /// Where the model runs.
        public var device = ""
        /// Calibration id, or nil when none was used.
        public var calibration: String?
        /// Date of the calibration, ISO 8601.
        public var calibrationDate: String?
        /// Calibration bins.
        public var bins: [BinEvents] = []
        /// Whether a row's bits are the same whatever its micro-batch.
        public var isReproducible = true

        /// Empty.
        public init() {}
    }

    /// Output tensors, in order.
    public var outputs: [Output] = []
    /// Conformal p-values.
    public var pValues: [PValue] = []
    /// Outputs that are answered together.
    public var regions: [Region] = []
    /// Natural logarithm of the likelihood ratio, for binary scores.
    public var logLikelihoodRatio: TensorValue?
    /// What made the scores, where that was asked.
    public var attributions: Attributions?
    /// Where the scores come from.
    public var origin = Origin()
    /// From the read of the request to its first row run.
    public var queueNanoseconds: UInt64 = 0
    /// From the first row run to the last row done.
    public var computeNanoseconds: UInt64 = 0
    /// Rows of the largest micro-batch that a row of the request shared.
    public var batch = 0

    /// Empty.
    public init() {}
}
