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
        /// Fixed-point firmware, on a card or as software.
        case firmware

        /// Name of the artefact in a version's folder, unless the manifest names another.
        var artefact: String {
            switch self {
            case .onnx: "model.onnx"
            case .tree: "model.json"
            case .firmware: "firmware.json"
            }
        }

        /// Kinds of device that it runs on, the one it has unless the manifest says another first.
        var devices: [Device.Kind] {
            switch self {
            case .onnx: [.cpu, .cuda, .tensorrt]
            case .tree: [.cpu]
            case .firmware: [.firmwareSoftware, .xrt, .emulatedXRT]
            }
        }
    }

    /// How firmware runs.
    public struct FirmwareRun: Sendable, Equatable {
        /// What evaluates the firmware without a card.
        public enum Software: String, Sendable, CaseIterable {
            /// Vigil's own interpreter of the program.
            case interpreter
            /// The library that was made of the program, `inference.so` in the version's folder.
            case library
        }

        /// What evaluates it without a card.
        public let software: Software
        /// Longest time that a run on the card may take before the card counts as lost.
        public let runMilliseconds: Int

        /// A way to run.
        public init(software: Software, runMilliseconds: Int) {
            self.software = software
            self.runMilliseconds = runMilliseconds
        }
    }

    /// How many bits the bins of a tree's features have.
    public enum Thresholds: String, Sendable, CaseIterable {
        case eightBits = "8-bit"
        case sixteenBits = "16-bit"

        /// As a number.
        public var bits: Int { self == .eightBits ? 8 : 16 }
        /// As replies quote it.
        public var precision: Precision { self == .eightBits ? .int8 : .int16 }
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

    /// How long a lane waits for more events before it runs those that wait.
    public enum Delay: Sendable, Equatable {
        /// So long.
        case fixed(microseconds: Int)
        /// As the arrival rate and the measured costs make it worth.
        case chosen
    }

    /// One component of a one-dimensional input.
    public struct Feature: Sendable, Equatable {
        /// Name.
        public let name: String
        /// Unit, "1" for none.
        public let unit: String
        /// Values that occur.
        public let range: ClosedRange<Double>?
    }

    /// One input tensor.
    public struct Input: Sendable, Equatable {
        /// Name, type and shape of one event.
        public let signature: TensorSignature
        /// Unit, "1" for none.
        public let unit: String
        /// One sentence.
        public let meaning: String
        /// Components of a one-dimensional input.
        public let features: [Feature]
        /// What happens to values that are not finite.
        public let nonfinite: Nonfinite
        /// Values that occur; probe rows are drawn from it.
        public let range: ClosedRange<Double>
        /// Most content rows of one event; nil when the input is not ragged.
        public let raggedMaximum: Int?
    }

    /// One raw output tensor.
    public struct Output: Sendable, Equatable {
        /// Name, type and shape of one event.
        public let signature: TensorSignature
        /// Unit, "1" for none.
        public let unit: String
        /// One sentence.
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

    /// One axis of Mondrian bins: a column and its interior edges.
    public struct BinAxis: Sendable, Equatable {
        /// Column that is cut.
        public let column: BinColumn
        /// Interior edges, rising.
        public let edges: [Double]
    }

    /// A class by name and the labels that mean it.
    public struct ClassLabels: Sendable, Equatable {
        /// Name.
        public let name: String
        /// Values of the truth column.
        public let labels: [Double]
    }

    /// How the uncertainty of one output is made.
    public struct Uncertainty: Sendable, Equatable {
        /// The method, by its name in manifests, replies and calibration files.
        public enum Method: String, Sendable, CaseIterable {
            case absolute
            case normalised
            /// Normalised by what the members of an ensemble say and how they differ.
            case ensemble
            case cqr
            case cqrAsymmetric = "cqr-asymmetric"
            case vennAbers = "venn-abers"
            case temperature
            case platt
            case beta
            case isotonic
            /// Of the five before, the one with the least log loss on folds held out.
            case best
            /// Sets of the least ambiguous classes.
            case lac
            /// Adaptive sets.
            case aps
            /// Regularised adaptive sets.
            case raps
            case pValue = "p-value"
        }

        /// Whether the output is a binary score.
        public var isBinary: Bool {
            switch method {
            case .vennAbers, .temperature, .platt, .beta, .isotonic, .best: true
            default: false
            }
        }

        /// Whether the output has an interval by split conformal prediction.
        public var isInterval: Bool {
            switch method {
            case .absolute, .normalised, .ensemble, .cqr, .cqrAsymmetric: true
            default: false
            }
        }

        /// Whether the output has a set of classes.
        public var isSet: Bool { method == .lac || isRandomised }

        /// Whether the answer depends on the events' ids.
        public var isRandomised: Bool { method == .aps || method == .raps }

        /// Which ends an interval has, by its name in manifests and calibration files.
        public enum Side: String, Sendable, CaseIterable {
            case both
            case upper
            case lower
        }

        /// Output that it belongs to.
        public let output: String
        /// How the uncertainty is made.
        public let method: Method
        /// Lower end, or the raw output of the lower quantile.
        public let lower: String?
        /// Upper end, or the raw output of the upper quantile.
        public let upper: String?
        /// Raw output of the scale.
        public let sigma: String?
        /// Ends that intervals have.
        public let side: Side
        /// Axes of the calibration bins, at most two; none for one bin.
        public let bins: [BinAxis]
        /// Column that weighs events, and the bins of its histograms; nil: all weigh the same.
        ///
        /// Without edges the column of the request is the weight.
        public let weight: BinAxis?
        /// Column of labelled data that holds the truth.
        public let truth: String
        /// Classes by name and label.
        public let classes: [ClassLabels]
        /// What each rank past the free ones adds to a score of "raps"; 0 for other methods.
        public let penalty: Double
        /// Ranks of "raps" that add nothing.
        public let freeRanks: Int
    }

    /// Two outputs with intervals that are answered together, by ellipses.
    public struct Region: Sendable, Equatable {
        /// The outputs along the first and the second axis.
        public let outputs: [String]
        /// Probabilities that an ellipse holds the truth, rising.
        public let coverages: [Double]
    }

    /// What is made of true values that come after the answers.
    public struct Truths: Sendable, Equatable {
        /// How the calibration follows them.
        public enum Adaptation: Sendable, Equatable {
            /// It does not: coverage is measured, no more.
            case none
            /// Adaptive conformal inference with this step.
            case adaptive(step: Double)
            /// It is made anew of this many of the last truths.
            case window(events: Int)
        }

        /// Events whose answers are remembered by id.
        public let remembered: Int
        /// How the calibration follows.
        public let adaptation: Adaptation
    }

    /// How scores are explained on request.
    public struct Explanation: Sendable, Equatable {
        /// How the shares are made.
        public enum Method: Sendable, Equatable {
            /// Shapley values of a tree's margin, by the events trained on.
            case treePath
            /// The same against a background.
            case treeInterventional
            /// Shapley values of any model against a background: exact for few features, else of so
            /// many pairs of orders.
            case shapley(permutations: Int)
            /// What the output loses with each group.
            case occlusion(Groups)
            /// Gradient times input, by a graph beside the artefact.
            case gradientInput(gradient: String)
            /// The gradients' mean on the way from a baseline, by so many of them.
            case integratedGradients(gradient: String, steps: Int)
            /// Squares of the pulls that the output holds.
            case pulls
        }

        /// What occlusion takes away together.
        public enum Groups: Sendable, Equatable {
            /// Every feature by itself.
            case each
            /// Squares of an image.
            case patches(side: Int)
            /// Groups by name, and the numbers of their features.
            case named([Named])
        }

        /// A group of features.
        public struct Named: Sendable, Equatable {
            /// Name.
            public let name: String
            /// Places in the input.
            public let features: [Int]
        }

        /// The most features of which exact Shapley values are made.
        public static let exactFeatures = 10

        /// Raw output explained, or that of the pulls.
        public let output: String
        /// How the shares are made.
        public let method: Method
        /// The most that the explanation of one request may take, by its estimate.
        public let seconds: Double

        /// The gradient graph's file in the version's folder, where the method has one.
        public var gradient: String? {
            switch method {
            case .gradientInput(let gradient), .integratedGradients(let gradient, _): gradient
            default: nil
            }
        }

        /// Whether a background is read where there is one.
        public var usesBackground: Bool {
            switch method {
            case .treePath, .gradientInput, .pulls: false
            case .treeInterventional, .shapley, .occlusion, .integratedGradients: true
            }
        }
    }

    /// Name.
    public let name: String
    /// What the model is, in a sentence.
    public let summary: String
    /// What the model answers.
    public let task: Task
    /// What runs the artefact.
    public let engine: EngineKind
    /// File name of the artefact in a version's folder.
    public let artefact: String
    /// Where the model runs.
    public private(set) var device: Device
    /// Whether the CPU may answer where the card is lost.
    public let fallsBackToCPU: Bool
    /// Numerical precision, of versions that state none of their own.
    public internal(set) var precision: Precision
    /// What a tree's thresholds are merged to fit, or nil where they stay as they are.
    public let thresholds: Thresholds?
    /// Whether the daemon is ready only while the model serves.
    public let isRequired: Bool
    /// Newest versions that stay loaded.
    public let versions: Int
    /// Lanes that run the model.
    public let instances: Int
    /// Whether the lanes share one session.
    public let sharesSession: Bool
    /// Threads inside one run.
    public let threads: Int
    /// How firmware runs; of other engines the defaults, which say nothing.
    public let firmware: FirmwareRun
    /// Options of the execution provider.
    public private(set) var providerOptions: [String: String]
    /// Whether a card runs the one shape of micro-batch as a CUDA graph.
    public private(set) var usesGraphs: Bool
    /// Whether a card's copies are from and to pinned memory.
    public let pinsMemory: Bool
    /// Most memory of a card that a session's tensors take, or nil for no limit.
    public private(set) var memoryMebibytes: Int?
    /// Largest micro-batch shape that is tried.
    public let maximumRows: Int
    /// How long a lane may wait for more events.
    public let delay: Delay
    /// Most requests that wait.
    public let queueRequests: Int
    /// Most bytes of requests and answers that wait.
    public let queueBytes: Int
    /// Most events of one request.
    public let requestRows: Int
    /// Input tensors, in order.
    public let inputs: [Input]
    /// Output tensors, in order.
    public let outputs: [Output]
    /// Whether the model serves only with its calibration.
    public let requiresCalibration: Bool
    /// Coverage of intervals when a request names none.
    public let coverage: Double
    /// How the uncertainty of each output is made.
    public let uncertainty: [Uncertainty]
    /// Outputs that are answered together.
    public let regions: [Region]
    /// What is made of truths that come later, or nil when none are taken.
    public let truths: Truths?
    /// Inputs, features and outputs whose distribution is watched.
    public let monitored: [String]
    /// How scores are explained on request, or nil where they are not.
    public let explanation: Explanation?
    /// Whether every row must have the same bits whatever its batch.
    public let isReproducible: Bool

    /// The same model on the CPU.
    var onCPU: Manifest {
        var copy = self
        copy.device = .cpu
        copy.providerOptions = [:]
        copy.usesGraphs = false
        copy.memoryMebibytes = nil
        return copy
    }

    /// The same model run kernel by kernel.
    var withoutGraphs: Manifest {
        var copy = self
        copy.usesGraphs = false
        return copy
    }

    /// Whether the artefact computes in fixed point: inputs may lie beyond what it holds, and events are
    /// flagged.
    public var isFixedPoint: Bool { precision == .fixed }

    /// Whether what runs is a plan that must be kept to be the same at every start.
    public var needsPlans: Bool { device.kind == .tensorrt && isReproducible }

    /// File in the version's folder that configures the card with the firmware's kernel; nil where
    /// there is no such card.
    public var kernelFile: String? {
        switch device.kind {
        case .xrt: "kernel.xclbin"
        case .emulatedXRT: "kernel-emulated.xclbin"
        case .cpu, .cuda, .tensorrt, .firmwareSoftware: nil
        }
    }

    /// Whether all micro-batches have one shape: a card's libraries choose kernels by it.
    public var hasSingleShape: Bool { device.isGraphicsCard && isReproducible }
}
