internal import Execution

/// The engine's outputs of one micro-batch, lent.
struct RawOutputs {
    let instance: any EngineInstance

    /// Element `position` of a scalar float32 output.
    @inline(__always)
    func float(_ output: Int, _ position: Int) -> Double {
        Double(
            unsafe instance.outputMemory(output).load(fromByteOffset: position * 4, as: Float.self)
        )
    }
}
