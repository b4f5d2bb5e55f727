internal import Execution

/// The engine's outputs of one micro-batch, lent.
struct RawOutputs {
    let instance: any EngineInstance

    /// Elements of a scalar float32 output.
    @inline(__always)
    func floats(_ output: Int) -> UnsafePointer<Float> {
        unsafe instance.outputMemory(output).assumingMemoryBound(to: Float.self)
    }
}
