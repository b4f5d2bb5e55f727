internal import CCUDA
internal import COnnxRuntime
internal import Execution
internal import Tensors

/// One session: a graph made ready to run.
///
/// Runs from several threads at once are allowed.
@safe
final class OnnxSession: @unchecked Sendable {
    // Safe because a session is documented thread-safe and the pointer never changes.
    let library: OnnxRuntimeLibrary
    let pointer: OpaquePointer
    /// Whether a card runs it.
    private let isOnCard: Bool
    /// Most memory of the card that it may take, or nil.
    private let memoryMebibytes: Int?
    /// The stream that it works on, where that is not its own.
    private let stream: CardStream?

    /// Level "all" of the graph optimiser.
    private static let optimisationLevel: Int32 = 99

    /// Makes the graph ready; with `graphStream` its runs are captured as CUDA graphs, on that stream.
    init(
        library: OnnxRuntimeLibrary,
        artefact: [UInt8],
        options: OnnxOptions,
        graphStream: CardStream? = nil
    ) throws(EngineFailure) {
        self.library = library
        isOnCard = options.device.isGraphicsCard
        memoryMebibytes = options.memoryMebibytes
        stream = graphStream
        if isOnCard { ccuda_pass_captures() }
        let api = unsafe library.api
        var made: OpaquePointer?
        try unsafe OnnxRuntimeLibrary.check(
            api,
            "CreateSessionOptions",
            ort_create_options(api, &made)
        )
        guard let settings = unsafe made else {
            throw EngineFailure(call: "CreateSessionOptions", message: "no options")
        }
        defer { unsafe ort_release_options(api, settings) }
        try unsafe OnnxRuntimeLibrary.check(
            api,
            "SetIntraOpNumThreads",
            ort_set_threads(api, settings, Int32(options.intraOpThreads), 1)
        )
        try unsafe OnnxRuntimeLibrary.check(
            api,
            "SetSessionGraphOptimizationLevel",
            ort_set_optimization(api, settings, Self.optimisationLevel)
        )
        // Spinning threads take the cores that other lanes and the transport need.
        try unsafe OnnxRuntimeLibrary.check(
            api,
            "AddSessionConfigEntry",
            ort_add_config(api, settings, "session.intra_op.allow_spinning", "0")
        )
        unsafe try Self.appendProvider(library, settings, options, graphStream)
        var session: OpaquePointer?
        let status = unsafe artefact.withUnsafeBytes { bytes in
            unsafe ort_create_session(
                api,
                library.environment,
                bytes.baseAddress,
                bytes.count,
                settings,
                &session
            )
        }
        do throws(EngineFailure) {
            try unsafe OnnxRuntimeLibrary.check(api, "CreateSessionFromArray", status)
        } catch {
            throw EngineFailure(
                call: error.call,
                message: CardMemory.explain(error.message, limit: memoryMebibytes)
            )
        }
        guard let session = unsafe session else {
            throw EngineFailure(call: "CreateSessionFromArray", message: "no session")
        }
        unsafe pointer = session
    }

    deinit {
        passCaptures()
        unsafe ort_release_session(library.api, pointer)
    }

    /// To be called on a thread before it runs the session.
    @inline(__always)
    func passCaptures() {
        if isOnCard { ccuda_pass_captures() }
    }

    /// Turns the status of a run into a failure that tells whether the card is lost.
    @inline(__always)
    func checkRun(_ call: String, _ status: OpaquePointer?) throws(EngineFailure) {
        guard unsafe status != nil else { return }
        do throws(EngineFailure) {
            try unsafe OnnxRuntimeLibrary.check(library.api, call, status)
        } catch {
            throw EngineFailure(
                call: error.call,
                message: CardMemory.explain(error.message, limit: memoryMebibytes),
                isDeviceLost: isOnCard && GraphicsCardLoss.isLoss(error.message)
            )
        }
    }

    private static func appendProvider(
        _ library: OnnxRuntimeLibrary,
        _ settings: OpaquePointer,
        _ options: OnnxOptions,
        _ graphStream: CardStream?
    ) throws(EngineFailure) {
        guard options.device.isGraphicsCard else { return }
        let api = unsafe library.api
        if options.isReproducible {
            try unsafe OnnxRuntimeLibrary.check(
                api,
                "SetDeterministicCompute",
                ort_set_deterministic(api, settings)
            )
        }
        var pairs = options.allProviderOptions
        if graphStream != nil { pairs.append((key: "enable_cuda_graph", value: "1")) }
        let keys = pairs.map { OwnedText($0.key) }
        let values = pairs.map { OwnedText($0.value) }
        let keyPointers = unsafe keys.map { unsafe UnsafePointer<CChar>?($0.base) }
        let valuePointers = unsafe values.map { unsafe UnsafePointer<CChar>?($0.base) }
        let status: OpaquePointer?
        switch options.device.kind {
        case .cpu, .xrt, .emulatedXRT, .firmwareSoftware:
            unsafe status = nil
        case .cuda:
            unsafe status = unsafe ort_append_cuda(
                api,
                settings,
                keyPointers,
                valuePointers,
                pairs.count,
                graphStream?.handle
            )
        case .tensorrt:
            unsafe status = unsafe ort_append_tensorrt(
                api,
                settings,
                keyPointers,
                valuePointers,
                pairs.count
            )
        }
        withExtendedLifetime((keys, values)) {}
        try unsafe OnnxRuntimeLibrary.check(
            api,
            "SessionOptionsAppendExecutionProvider",
            status
        )
    }
}
