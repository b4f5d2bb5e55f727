internal import COnnxRuntime
internal import Execution
internal import Tensors

/// A session's inputs and outputs, bound to memory of a card for all runs.
@safe
final class CardBinding {
    private let session: OnnxSession
    private let pointer: OpaquePointer
    private var values: [OpaquePointer] = unsafe []
    private var blocks: [CardBlock] = []

    /// Binds each block to the tensor at the same place.
    init(
        _ session: OnnxSession,
        card: Int,
        inputs: [(signature: TensorSignature, block: CardBlock)],
        outputs: [(signature: TensorSignature, block: CardBlock)],
        rows: Int
    ) throws(EngineFailure) {
        self.session = session
        let api = unsafe session.library.api
        var made: OpaquePointer?
        try unsafe OnnxRuntimeLibrary.check(
            api,
            "CreateIoBinding",
            ort_create_binding(api, session.pointer, &made)
        )
        guard let made = unsafe made else {
            throw EngineFailure(call: "CreateIoBinding", message: "no binding")
        }
        unsafe pointer = made
        var memory: OpaquePointer?
        try unsafe OnnxRuntimeLibrary.check(
            api,
            "CreateMemoryInfo",
            ort_cuda_memory(api, Int32(card), &memory)
        )
        guard let memory = unsafe memory else {
            throw EngineFailure(call: "CreateMemoryInfo", message: "no memory info")
        }
        defer { unsafe ort_release_memory(api, memory) }
        for (signature, block) in inputs {
            let value = try unsafe value(signature, block, in: memory, rows: rows)
            let name = OwnedText(signature.name)
            let status = unsafe ort_bind_input(api, pointer, name.base, value)
            withExtendedLifetime(name) {}
            try unsafe OnnxRuntimeLibrary.check(api, "BindInput", status)
        }
        for (signature, block) in outputs {
            let value = try unsafe value(signature, block, in: memory, rows: rows)
            let name = OwnedText(signature.name)
            let status = unsafe ort_bind_output(api, pointer, name.base, value)
            withExtendedLifetime(name) {}
            try unsafe OnnxRuntimeLibrary.check(api, "BindOutput", status)
        }
    }

    deinit {
        let api = unsafe session.library.api
        unsafe ort_release_binding(api, pointer)
        for index in unsafe values.indices { unsafe ort_release_value(api, values[index]) }
    }

    /// Runs from and to the blocks.
    func run() throws(EngineFailure) {
        session.passCaptures()
        try unsafe session.checkRun(
            "RunWithBinding",
            ort_run_bound(session.library.api, session.pointer, pointer)
        )
    }

    /// A handle that lives as long as the binding, as the block does.
    private func value(
        _ signature: TensorSignature,
        _ block: CardBlock,
        in memory: OpaquePointer,
        rows: Int
    ) throws(EngineFailure) -> OpaquePointer {
        let api = unsafe session.library.api
        let value = try unsafe OnnxTensor.make(
            api,
            signature,
            at: block.memory,
            in: memory,
            rows: rows
        )
        unsafe values.append(value)
        blocks.append(block)
        return unsafe value
    }
}
