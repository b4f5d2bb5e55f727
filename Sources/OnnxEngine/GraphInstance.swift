internal import Execution
internal import Glibc
internal import Synchronization
internal import Tensors

/// One lane's micro-batch of one shape as a CUDA graph: what the provider gave the card to do in an
/// early run, the card does again as a whole, with memory at the same addresses.
///
/// ONNX Runtime captures a graph a session and thread, in that thread's first run. Both the session
/// and its stream are this lane's alone.
@safe
final class GraphInstance: EngineInstance {
    /// Runs of a thread that are no answers: one that allocates, one that replays.
    private static let warmingRuns = 2
    /// One graph is captured at a time in a process: CUDA would allow more, but says nothing of what
    /// ONNX Runtime calls meanwhile.
    private static let turn = Mutex<Void>(())

    private let rows: Int
    private let stream: CardStream
    private let binding: CardBinding
    private let inputBuffers: HostBuffers
    private let outputBuffers: HostBuffers
    private let inputBlocks: [CardBlock]
    private let outputBlocks: [CardBlock]
    /// The thread whose graph was captured last.
    private var thread: pthread_t?

    init(
        library: OnnxRuntimeLibrary,
        artefact: [UInt8],
        options: OnnxOptions,
        use: CardUse,
        signature: OnnxSignature,
        rows: Int
    ) throws(EngineFailure) {
        let runtime = try use.openRuntime()
        self.rows = rows
        stream = try CardStream(runtime, card: use.card)
        let session = try OnnxSession(
            library: library,
            artefact: artefact,
            options: options,
            graphStream: stream
        )
        func blocks(
            _ signatures: [TensorSignature]
        ) throws(EngineFailure) -> [CardBlock] {
            try signatures.map { signature throws(EngineFailure) in
                let bytes = rows * signature.byteCount
                return try CardBlock(runtime, card: use.card, byteCount: bytes)
            }
        }
        inputBlocks = try blocks(signature.inputs)
        outputBlocks = try blocks(signature.outputs)
        binding = try CardBinding(
            session,
            card: use.card,
            inputs: Array(zip(signature.inputs, inputBlocks)),
            outputs: Array(zip(signature.outputs, outputBlocks)),
            rows: rows
        )
        inputBuffers = HostBuffers(signature.inputs, rows: rows, for: use)
        outputBuffers = HostBuffers(signature.outputs, rows: rows, for: use)
    }

    func inputMemory(_ index: Int) -> UnsafeMutableRawPointer {
        unsafe inputBuffers.buffers[index]
    }

    func outputMemory(_ index: Int) -> UnsafeRawPointer {
        unsafe UnsafeRawPointer(outputBuffers.buffers[index])
    }

    /// Captures the graph of the calling thread.
    func prepare() throws(EngineFailure) {
        try Self.turn.withLock { _ throws(EngineFailure) in
            for _ in 0..<Self.warmingRuns { try unsafe run(from: nil) }
        }
        thread = pthread_self()
    }

    func run(rows: Int) throws(EngineFailure) {
        try unsafe run(rows: rows, from: nil)
    }

    /// The driver copies a request's pageable memory to the card, see `OnnxInstance`.
    func run(rows: Int, lentInput input: UnsafeRawPointer) throws(EngineFailure) {
        try unsafe run(rows: rows, from: input)
    }

    private func run(rows: Int, from lent: UnsafeRawPointer?) throws(EngineFailure) {
        precondition(rows == self.rows, "shape \(rows) is not the graph's, \(self.rows)")
        if thread != pthread_self() { try prepare() }
        try unsafe run(from: lent)
    }

    private func run(from lent: UnsafeRawPointer?) throws(EngineFailure) {
        do throws(EngineFailure) {
            for index in inputBlocks.indices {
                let memory = unsafe lent ?? UnsafeRawPointer(inputBuffers.buffers[index])
                try unsafe stream.copy(memory, to: inputBlocks[index])
            }
            try binding.run()
            for index in outputBlocks.indices {
                try unsafe stream.copy(outputBlocks[index], to: outputBuffers.buffers[index])
            }
            try stream.wait()
        } catch {
            // Nothing may read or write the host's memory any more; the first failure is told.
            try? stream.wait()
            throw error
        }
    }
}
