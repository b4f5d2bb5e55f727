package import Execution

/// The engine's outputs of one micro-batch, lent.
package struct RawOutputs {
    let instance: any EngineInstance

    /// What an instance has given.
    package init(instance: any EngineInstance) { self.instance = instance }

    /// Elements of a scalar float32 output.
    @inline(__always)
    func floats(_ output: Int) -> UnsafePointer<Float> {
        unsafe instance.outputMemory(output).assumingMemoryBound(to: Float.self)
    }

    /// The `count` elements that a row has in a float32 output; until the engine runs again.
    @_lifetime(borrow self)
    func span(_ output: Int, row: Int, count: Int) -> Span<Float> {
        let elements = unsafe UnsafeBufferPointer(start: floats(output) + row * count, count: count)
        return unsafe _overrideLifetime(Span(_unsafeElements: elements), borrowing: self)
    }
}
