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
        name: String, type: ElementType, shape: [Int], bytes: [UInt8], rowSplits: [Int64]? = nil
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
            name: name, type: .float32, shape: shape,
            bytes: floats.withUnsafeBytes { unsafe [UInt8]($0) })
    }

    /// Events.
    public var rows: Int { rowSplits.map { $0.count - 1 } ?? shape.first ?? 0 }

    /// The elements of a float32 tensor; empty for other types.
    public var floats: [Float] {
        guard type == .float32 else { return [] }
        return unsafe bytes.withUnsafeBytes { raw in
            (0..<raw.count / 4).map { unsafe raw.loadUnaligned(fromByteOffset: $0 * 4, as: Float.self) }
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
    public var model: String
    public var version: String?
    public var inputs: [TensorValue]
    public var columns: [TensorValue] = []
    /// Time the daemon has, from its read of the message.
    public var deadlineMicroseconds: UInt64?
    public var priority = Priority.standard
    public var coverage: Double?
    public var prior: Double?
    public var isRaw = false
    public var outputs: [String] = []

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
        public var name = ""
        public var unit = ""
        public var method = ""
        public var coverage: Double?
        public var value: TensorValue
        public var lower: TensorValue?
        public var upper: TensorValue?
        /// nil: every event's flags are 0.
        public var flags: TensorValue?

        /// An output with a value.
        public init(value: TensorValue) { self.value = value }
    }

    /// Conformal p-values under one hypothesis.
    public struct PValue: Sendable, Equatable {
        public var name = ""
        public var method = ""
        public var value: TensorValue

        /// p-values.
        public init(value: TensorValue) { self.value = value }
    }

    /// Where the scores come from, as text.
    public struct Origin: Sendable, Equatable {
        public var model = ""
        public var version = ""
        public var digest = ""
        public var engine = ""
        public var precision = ""
        public var device = ""
        public var calibration: String?
        public var calibrationDate: String?
        public var bins: [BinEvents] = []

        /// Empty.
        public init() {}
    }

    public var outputs: [Output] = []
    public var pValues: [PValue] = []
    public var logLikelihoodRatio: TensorValue?
    public var origin = Origin()
    public var queueNanoseconds: UInt64 = 0
    public var computeNanoseconds: UInt64 = 0
    public var batch = 0

    /// Empty.
    public init() {}
}
