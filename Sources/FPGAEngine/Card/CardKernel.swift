/// What a card must know of the kernel it runs.
public struct CardKernel: Sendable, Equatable {
    /// Its name in the xclbin.
    public let name: String
    /// The xclbin's path.
    public let xclbin: String
    /// Bytes from an event's inputs to the next one's.
    public let inputStrideBytes: Int
    /// Bytes from an event's outputs to the next one's.
    public let outputStrideBytes: Int

    /// A kernel with strides that are powers of two, 4 to 64.
    public init(name: String, xclbin: String, inputStrideBytes: Int, outputStrideBytes: Int) {
        self.name = name
        self.xclbin = xclbin
        self.inputStrideBytes = inputStrideBytes
        self.outputStrideBytes = outputStrideBytes
        precondition(inputStrideBytes > 0 && outputStrideBytes > 0, "an event is some bytes")
    }
}
