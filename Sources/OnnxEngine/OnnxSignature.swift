internal import COnnxRuntime
internal import Execution
internal import Tensors

/// Inputs and outputs of a session, read from the artefact.
struct OnnxSignature {
    let inputs: [TensorSignature]
    let outputs: [TensorSignature]
    /// The only batch size that the artefact takes, or nil.
    let fixedRows: Int?

    private static let nameBytes = 512
    /// ONNXType of a dense tensor.
    private static let tensorKind: Int32 = 1

    init(_ session: OnnxSession) throws(EngineFailure) {
        var rows: [Int] = []
        inputs = try Self.read(session, isOutput: false, batches: &rows)
        outputs = try Self.read(session, isOutput: true, batches: &rows)
        let fixed = Set(rows.filter { $0 > 0 })
        guard fixed.count <= 1 else {
            throw EngineFailure(
                call: "signature",
                message: "tensors disagree on the number of events: \(fixed.sorted())"
            )
        }
        fixedRows = fixed.first
    }

    private static func read(
        _ session: OnnxSession,
        isOutput: Bool,
        batches: inout [Int]
    ) throws(EngineFailure) -> [TensorSignature] {
        let api = unsafe session.library.api
        var count = 0
        try unsafe OnnxRuntimeLibrary.check(
            api,
            "SessionGetCount",
            isOutput
                ? ort_output_count(api, session.pointer, &count)
                : ort_input_count(api, session.pointer, &count)
        )
        guard (1...Int(ORT_MAXIMUM_TENSORS)).contains(count) else {
            throw EngineFailure(
                call: "signature",
                message:
                    "\(count) \(isOutput ? "outputs" : "inputs"), allowed 1 to \(ORT_MAXIMUM_TENSORS)"
            )
        }
        var signatures: [TensorSignature] = []
        for index in 0..<count {
            signatures.append(
                try readOne(session, isOutput: isOutput, index: index, batches: &batches)
            )
        }
        return signatures
    }

    private static func readOne(
        _ session: OnnxSession,
        isOutput: Bool,
        index: Int,
        batches: inout [Int]
    ) throws(EngineFailure) -> TensorSignature {
        let api = unsafe session.library.api
        var bytes = [CChar](repeating: 0, count: nameBytes)
        try unsafe OnnxRuntimeLibrary.check(
            api,
            "SessionGetName",
            isOutput
                ? ort_output_name(api, session.pointer, index, &bytes, bytes.count)
                : ort_input_name(api, session.pointer, index, &bytes, bytes.count)
        )
        let name = OnnxRuntimeLibrary.text(bytes)
        var kind: Int32 = 0
        var element: Int32 = 0
        var rank = 0
        var dimensions = [Int64](repeating: 0, count: LentTensor.maximumRank)
        try unsafe OnnxRuntimeLibrary.check(
            api,
            "SessionGetTypeInfo",
            ort_tensor_type(
                api,
                session.pointer,
                isOutput ? 1 : 0,
                index,
                &kind,
                &element,
                &dimensions,
                dimensions.count,
                &rank
            )
        )
        let what = "\(isOutput ? "output" : "input") \(name)"
        guard kind == tensorKind, let type = ElementType(onnx: element) else {
            throw EngineFailure(
                call: "signature",
                message: "\(what) is not a tensor of numbers"
            )
        }
        guard (1...LentTensor.maximumRank).contains(rank) else {
            throw EngineFailure(
                call: "signature",
                message:
                    "\(what) has \(rank) dimensions, allowed 1 (events) to \(LentTensor.maximumRank)"
            )
        }
        batches.append(Int(dimensions[0]))
        let shape = dimensions[1..<rank].map(Int.init)
        guard shape.allSatisfy({ $0 >= 1 }) else {
            throw EngineFailure(
                call: "signature",
                message: "\(what) has a dimension without a size beside the events: \(shape)"
            )
        }
        return TensorSignature(name: name, type: type, shape: shape)
    }
}

extension ElementType {
    private static let onnxCodes: [(ElementType, Int32)] = [
        (.float32, 1), (.uint8, 2), (.int8, 3), (.uint16, 4), (.int16, 5), (.int32, 6),
        (.int64, 7), (.bool, 9), (.float16, 10), (.float64, 11), (.uint32, 12), (.uint64, 13),
        (.bfloat16, 16),
    ]

    /// The type of an ONNXTensorElementDataType, or nil (strings, complex numbers).
    init?(onnx code: Int32) {
        guard let entry = Self.onnxCodes.first(where: { $0.1 == code }) else { return nil }
        self = entry.0
    }

    /// ONNXTensorElementDataType.
    var onnx: Int32 {
        Self.onnxCodes.first { $0.0 == self }?.1 ?? 0
    }
}
