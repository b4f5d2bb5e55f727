public import Execution
public import Tensors

/// An ONNX artefact, run by ONNX Runtime.
public final class OnnxEngine: Engine {
    public let version: String
    public let inputs: [TensorSignature]
    public let outputs: [TensorSignature]
    public let fixedRows: Int?

    private let library: OnnxRuntimeLibrary
    private let artefact: [UInt8]
    private let options: OnnxOptions
    /// The session of all lanes, or the first lane's.
    private let session: OnnxSession

    /// Loads `artefact`, the bytes of an ONNX file.
    public init(
        library: OnnxRuntimeLibrary, artefact: [UInt8], options: OnnxOptions
    ) throws(EngineFailure) {
        self.library = library
        self.artefact = options.sharesSession ? [] : artefact
        self.options = options
        session = try OnnxSession(library: library, artefact: artefact, options: options)
        let signature = try OnnxSignature(session)
        inputs = signature.inputs
        outputs = signature.outputs
        fixedRows = signature.fixedRows
        version = "onnxruntime \(library.version)"
    }

    public func makeInstance(
        maximumRows: Int, shapes: [Int]
    ) throws(EngineFailure) -> any EngineInstance {
        let session =
            options.sharesSession
            ? session
            : try OnnxSession(library: library, artefact: artefact, options: options)
        return try OnnxInstance(
            session: session, inputs: inputs, outputs: outputs, maximumRows: maximumRows,
            shapes: shapes)
    }
}
