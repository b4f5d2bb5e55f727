internal import COnnxRuntime
internal import Execution
internal import Tensors

/// Bound buffers of one lane: tensor handles are made once for every shape.
@safe
final class OnnxInstance: EngineInstance {
    private let session: OnnxSession
    private let inputs: [TensorSignature]
    private let inputBuffers: HostBuffers
    private let outputBuffers: HostBuffers
    private let inputNames: [OwnedText]
    private let outputNames: [OwnedText]
    private let inputNamePointers: UnsafeMutablePointer<UnsafePointer<CChar>?>
    private let outputNamePointers: UnsafeMutablePointer<UnsafePointer<CChar>?>
    /// One entry a shape, looked up by rows.
    private var bound: [Int: BoundShape] = [:]
    private let memory: OpaquePointer

    init(
        session: OnnxSession,
        use: CardUse?,
        inputs: [TensorSignature],
        outputs: [TensorSignature],
        maximumRows: Int,
        shapes: [Int]
    ) throws(EngineFailure) {
        self.session = session
        self.inputs = inputs
        let api = unsafe session.library.api
        var memory: OpaquePointer?
        try unsafe OnnxRuntimeLibrary.check(
            api,
            "CreateCpuMemoryInfo",
            ort_cpu_memory(api, &memory)
        )
        guard let memory = unsafe memory else {
            throw EngineFailure(call: "CreateCpuMemoryInfo", message: "no memory info")
        }
        unsafe self.memory = memory
        inputBuffers = HostBuffers(inputs, rows: maximumRows, for: use)
        outputBuffers = HostBuffers(outputs, rows: maximumRows, for: use)
        inputNames = inputs.map { OwnedText($0.name) }
        outputNames = outputs.map { OwnedText($0.name) }
        unsafe inputNamePointers = Self.pointers(inputNames)
        unsafe outputNamePointers = Self.pointers(outputNames)
        for rows in shapes {
            bound[rows] = unsafe BoundShape(
                api: api,
                inputs: try values(inputs, inputBuffers, rows: rows),
                outputs: try values(outputs, outputBuffers, rows: rows)
            )
        }
    }

    deinit {
        unsafe ort_release_memory(session.library.api, memory)
        unsafe inputNamePointers.deallocate()
        unsafe outputNamePointers.deallocate()
    }

    func inputMemory(_ index: Int) -> UnsafeMutableRawPointer {
        unsafe inputBuffers.buffers[index]
    }

    func outputMemory(_ index: Int) -> UnsafeRawPointer {
        unsafe UnsafeRawPointer(outputBuffers.buffers[index])
    }

    func run(rows: Int) throws(EngineFailure) {
        guard let shape = bound[rows] else { preconditionFailure("shape \(rows) is not bound") }
        try unsafe run(shape.inputs, shape.outputs)
    }

    /// On a card too, whose driver copies a request's pageable memory through pinned memory of its
    /// own, one part while the card takes another: a copy made here first would be one more.
    func run(rows: Int, lentInput input: UnsafeRawPointer) throws(EngineFailure) {
        guard let shape = bound[rows] else { preconditionFailure("shape \(rows) is not bound") }
        var value: OpaquePointer? = try unsafe value(
            inputs[0],
            UnsafeMutableRawPointer(mutating: input),
            rows: rows
        )
        defer {
            if let value = unsafe value { unsafe ort_release_value(session.library.api, value) }
        }
        try unsafe withUnsafeMutablePointer(to: &value) { list throws(EngineFailure) in
            try unsafe run(list, shape.outputs)
        }
    }

    private func run(
        _ inputValues: UnsafeMutablePointer<OpaquePointer?>,
        _ outputValues: UnsafeMutablePointer<OpaquePointer?>
    ) throws(EngineFailure) {
        session.passCaptures()
        let api = unsafe session.library.api
        let status = unsafe ort_run(
            api,
            session.pointer,
            inputNamePointers,
            inputValues,
            inputNames.count,
            outputNamePointers,
            outputNames.count,
            outputValues
        )
        try unsafe session.checkRun("Run", status)
    }

    private func values(
        _ signatures: [TensorSignature],
        _ list: HostBuffers,
        rows: Int
    ) throws(EngineFailure) -> [OpaquePointer] {
        var values: [OpaquePointer] = unsafe []
        for (index, signature) in signatures.enumerated() {
            unsafe values.append(try value(signature, list.buffers[index], rows: rows))
        }
        return unsafe values
    }

    private func value(
        _ signature: TensorSignature,
        _ data: UnsafeMutableRawPointer,
        rows: Int
    ) throws(EngineFailure) -> OpaquePointer {
        try unsafe OnnxTensor.make(
            session.library.api,
            signature,
            at: data,
            in: memory,
            rows: rows
        )
    }

    private static func pointers(
        _ names: [OwnedText]
    ) -> UnsafeMutablePointer<UnsafePointer<CChar>?> {
        let list = UnsafeMutablePointer<UnsafePointer<CChar>?>.allocate(capacity: names.count)
        for (index, name) in names.enumerated() {
            unsafe (list + index).initialize(to: UnsafePointer(name.base))
        }
        return unsafe list
    }
}

/// Tensor handles of one shape.
@safe
private final class BoundShape {
    let inputs: UnsafeMutablePointer<OpaquePointer?>
    let outputs: UnsafeMutablePointer<OpaquePointer?>
    private let api: ort_table
    private let counts: (inputs: Int, outputs: Int)

    init(api: ort_table, inputs: [OpaquePointer], outputs: [OpaquePointer]) {
        unsafe self.api = api
        unsafe self.inputs = Self.list(inputs)
        unsafe self.outputs = Self.list(outputs)
        counts = unsafe (inputs.count, outputs.count)
    }

    deinit {
        for index in 0..<counts.inputs { unsafe ort_release_value(api, inputs[index]) }
        for index in 0..<counts.outputs { unsafe ort_release_value(api, outputs[index]) }
        unsafe inputs.deallocate()
        unsafe outputs.deallocate()
    }

    private static func list(_ values: [OpaquePointer]) -> UnsafeMutablePointer<OpaquePointer?> {
        let list = unsafe UnsafeMutablePointer<OpaquePointer?>.allocate(capacity: values.count)
        for index in unsafe values.indices {
            unsafe (list + index).initialize(to: values[index])
        }
        return unsafe list
    }
}
