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
    private let signature: OnnxSignature
    /// The session of all lanes, where they share one.
    private let session: OnnxSession?
    /// Nil on the CPU.
    private let use: CardUse?
    /// Events of the micro-batch that lanes run as a CUDA graph, or nil.
    private let graphRows: Int?

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
        let session = try OnnxSession(library: library, artefact: artefact, options: options)
        self.session = options.sharesSession ? session : nil
        use = Self.use(options)
        signature = try OnnxSignature(session)
        graphRows = try Self.tryGraph(library, artefact, options, use, signature)
        inputs = signature.inputs
        outputs = signature.outputs
        fixedRows = signature.fixedRows
        hasSteadyCost = OnnxGraph.isStraight(artefact)
        let plans = try sealPlans()
        version = "onnxruntime \(library.version)" + (plans.map { " plans \($0)" } ?? "")
    }

    /// How runs on a card are made; empty on the CPU.
    public var evaluation: String { use?.text ?? "" }

    /// What one lane needs to run micro-batches.
    public func makeInstance(
        maximumRows: Int,
        shapes: [Int]
    ) throws(EngineFailure) -> any EngineInstance {
        if let use, let rows = graphRows, shapes == [rows] {
            return try GraphInstance(
                library: library,
                artefact: artefact,
                options: options,
                use: use,
                signature: signature,
                rows: rows
            )
        }
        let lane =
            if let session {
                session
            } else {
                try OnnxSession(library: library, artefact: artefact, options: options)
            }
        return try OnnxInstance(
            session: lane,
            use: use,
            inputs: inputs,
            outputs: outputs,
            maximumRows: maximumRows,
            shapes: shapes
        )
    }

    private static func use(_ options: OnnxOptions) -> CardUse? {
        guard options.device.isGraphicsCard, let card = options.device.index else { return nil }
        return CardUse(card: card, pinsMemory: options.pinsMemory)
    }

    /// The rows of the graph that is asked for, once one was captured; nil where there is none.
    ///
    /// Without it lanes run as they would, unless the card was lost.
    private static func tryGraph(
        _ library: OnnxRuntimeLibrary,
        _ artefact: [UInt8],
        _ options: OnnxOptions,
        _ use: CardUse?,
        _ signature: OnnxSignature
    ) throws(EngineFailure) -> Int? {
        guard let use, let wanted = options.graphRows else { return nil }
        let rows = signature.fixedRows ?? wanted
        do throws(EngineFailure) {
            try GraphInstance(
                library: library,
                artefact: artefact,
                options: options,
                use: use,
                signature: signature,
                rows: rows
            ).prepare()
        } catch {
            if error.isDeviceLost { throw error }
            use.lacksGraph(error)
            return nil
        }
        use.hasGraph()
        return rows
    }
}
