internal import Tensors

/// Memory that an ensemble works in; of one thread at a time, and used again for every call.
public struct TreeScratch: ~Copyable {
    let buffer: AlignedBuffer

    /// Memory that suits `ensemble`, for any number of rows.
    public init(for ensemble: TreeEnsemble) {
        buffer = AlignedBuffer(byteCount: ensemble.scratchBytes)
    }
}
