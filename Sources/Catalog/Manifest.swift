public import Tensors

/// What `model.yaml` states about a model, checked; the artefact is not looked at yet.
public struct Manifest: Sendable, Equatable {
    /// What the model answers.
    public enum Task: String, Sendable, CaseIterable {
        case regression
        case binary
        case classes
        case anomaly
    }

    /// What runs the artefact.
    public enum EngineKind: String, Sendable, CaseIterable {
        case onnx
        case tree
    }

    /// What happens to a row with a value that is not finite.
    public enum Nonfinite: String, Sendable, CaseIterable {
        /// The request is refused; the first row is named.
        case refuse
        /// The row is flagged and carries no value; the others are answered.
        case flag
        /// The value counts as missing (trees).
        case missing
    }

    /// One component of a one-dimensional input.
    public struct Feature: Sendable, Equatable {
        public let name: String
        public let unit: String
        public let range: ClosedRange<Double>?
    }

    /// One input tensor.
    public struct Input: Sendable, Equatable {
        public let signature: TensorSignature
        public let unit: String
        public let meaning: String
        public let features: [Feature]
        public let nonfinite: Nonfinite
        /// Values that occur; probe rows are drawn from it.
        public let range: ClosedRange<Double>
        /// Most content rows of one event; nil when the input is not ragged.
        public let raggedMaximum: Int?
    }

    /// One raw output tensor.
    public struct Output: Sendable, Equatable {
        public let signature: TensorSignature
        public let unit: String
        public let meaning: String
    }

    /// Which column a Mondrian bin is read from.
    public enum BinColumn: Sendable, Equatable {
        /// Component of an input.
        case input(tensor: String, feature: String)
        /// Scalar raw output.
        case output(String)
        /// Column sent with the request.
        case request(String)
    }

    /// Mondrian bins: a column and its interior edges.
    public struct Bins: Sendable, Equatable {
        public let column: BinColumn
        public let edges: [Double]
    }

    /// A class by name and the labels that mean it.
    public struct ClassLabels: Sendable, Equatable {
        public let name: String
        public let labels: [Double]
    }

    /// How the uncertainty of one output is made.
    public struct Uncertainty: Sendable, Equatable {
        /// The method, by its name in manifests, replies and calibration files.
        public enum Method: String, Sendable, CaseIterable {
            case absolute
            case normalised
            case cqr
            case cqrAsymmetric = "cqr-asymmetric"
            case vennAbers = "venn-abers"
            case pValue = "p-value"
        }

        public let output: String
        public let method: Method
        public let lower: String?
        public let upper: String?
        public let sigma: String?
        public let bins: Bins?
        public let truth: String
        public let classes: [ClassLabels]
    }

    public let name: String
    public let summary: String
    public let task: Task
    public let engine: EngineKind
    public let artefact: String
    public let device: Device
    public let precision: Precision
    public let isRequired: Bool
    /// Newest versions that stay loaded.
    public let versions: Int
    /// Lanes that run the model.
    public let instances: Int
    public let sharesSession: Bool
    public let threads: Int
    public let providerOptions: [String: String]
    /// Largest micro-batch shape that is tried.
    public let maximumRows: Int
    /// Time that a lane may wait for more events.
    public let delayMicroseconds: Int
    /// Most requests that wait.
    public let queueRequests: Int
    /// Most bytes of requests and answers that wait.
    public let queueBytes: Int
    /// Most events of one request.
    public let requestRows: Int
    public let inputs: [Input]
    public let outputs: [Output]
    /// Whether the model serves only with its calibration.
    public let requiresCalibration: Bool
    /// Coverage of intervals when a request names none.
    public let coverage: Double
    public let uncertainty: [Uncertainty]
    public let monitored: [String]
    /// Whether every row must have the same bits whatever its batch.
    public let isReproducible: Bool
}
