public import Execution
public import Tensors

/// An ONNX artefact, run by ONNX Runtime.
public final class OnnxEngine: Engine {
    /// Version, as it is quoted.
    public let version: String
    /// Input tensors, in order.
    public let inputs: [TensorSignature]
    /// Output tensors, in order.
    public let outputs: [TensorSignature]
    /// The only number of rows that the artefact takes, or nil for any.
    public let fixedRows: Int?
    /// Whether the graph has no loops and branches.
    public let hasSteadyCost: Bool

    private let library: OnnxRuntimeLibrary
    private let artefact: [UInt8]
    private let options: OnnxOptions
    /// The session of all lanes, or the first lane's.
    private let session: OnnxSession
    /// Nil on the CPU.
    private let use: CardUse?

    /// Loads `artefact`, the bytes of an ONNX file.
    ///
    /// `sealPlans` is called once the plans of `options` were made or read, and gives what tells them
    /// apart: a part of the version from then on.
    public init(
        library: OnnxRuntimeLibrary,
        artefact: [UInt8],
        options: OnnxOptions,
        sealPlans: () throws(EngineFailure) -> String? = { () throws(EngineFailure) in nil }
    ) throws(EngineFailure) {
        self.library = library
        self.artefact = options.sharesSession ? [] : artefact
        self.options = options
        session = try OnnxSession(library: library, artefact: artefact, options: options)
        use = options.device.isGraphicsCard ? options.device.index.map(CardUse.init) : nil
        let signature = try OnnxSignature(session)
        inputs = signature.inputs
        outputs = signature.outputs
        fixedRows = signature.fixedRows
        hasSteadyCost = OnnxGraph.isStraight(artefact)
        let plans = try sealPlans()
        version = "onnxruntime \(library.version)" + (plans.map { " plans \($0)" } ?? "")
    }

    /// How a card gets at the host's memory; empty on the CPU.
    public var evaluation: String { use?.text ?? "" }

    /// What one lane needs to run micro-batches.
    public func makeInstance(
        maximumRows: Int,
        shapes: [Int]
    ) throws(EngineFailure) -> any EngineInstance {
        let session =
            options.sharesSession
            ? session
            : try OnnxSession(library: library, artefact: artefact, options: options)
        return try OnnxInstance(
            session: session,
            use: use,
            inputs: inputs,
            outputs: outputs,
            maximumRows: maximumRows,
            shapes: shapes
        )
    }
}
