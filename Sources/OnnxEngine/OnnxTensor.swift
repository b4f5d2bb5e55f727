internal import COnnxRuntime
internal import Execution
internal import Tensors

/// Makes handles of tensors whose memory is somebody else's.
enum OnnxTensor {
    /// A handle of `rows` rows at `data`, which the caller releases; the memory must outlive it.
    static func make(
        _ api: ort_table,
        _ signature: TensorSignature,
        at data: UnsafeMutableRawPointer,
        in memory: OpaquePointer,
        rows: Int
    ) throws(EngineFailure) -> OpaquePointer {
        var shape: InlineArray<8, Int64> = .init(repeating: 0)
        shape[0] = Int64(rows)
        for (axis, size) in signature.shape.enumerated() { shape[axis + 1] = Int64(size) }
        var made: OpaquePointer?
        let rank = signature.shape.count + 1
        let bytes = rows * signature.byteCount
        let code = signature.type.onnx
        let status = unsafe withUnsafePointer(to: &shape) { list in
            unsafe list.withMemoryRebound(to: Int64.self, capacity: 8) { dimensions in
                unsafe ort_create_tensor(api, memory, data, bytes, dimensions, rank, code, &made)
            }
        }
        try unsafe OnnxRuntimeLibrary.check(api, "CreateTensorWithDataAsOrtValue", status)
        guard let made = unsafe made else {
            throw EngineFailure(call: "CreateTensorWithDataAsOrtValue", message: "no value")
        }
        return unsafe made
    }
}
