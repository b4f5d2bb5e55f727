internal import CCUDA
internal import Execution
internal import Tensors

/// Memory of the host for each tensor of a signature, zeroed.
///
/// For a card it is pinned, so that the card copies it by itself: seven times as fast as out of
/// pageable memory on the card that was measured (Benchmarks/GPU.md). CUDA knows pinned memory by
/// its address, so nobody is told. Where there is none, ordinary memory does as well.
@safe
final class HostBuffers {
    /// One a tensor, aligned to a cache line at least; valid as long as this object.
    let buffers: [UnsafeMutableRawPointer]
    private let isPinned: [Bool]

    init(_ signatures: [TensorSignature], rows: Int, for use: CardUse?) {
        var made: [(memory: UnsafeMutableRawPointer, isPinned: Bool)] = unsafe []
        for signature in signatures {
            let bytes = max(rows * signature.byteCount, 1)
            let pinned = unsafe use.flatMap { use in unsafe Self.pin(bytes, for: use) }
            let memory = unsafe pinned ?? Self.allocate(bytes)
            unsafe memory.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
            unsafe made.append((memory, pinned != nil))
        }
        unsafe buffers = made.map { unsafe $0.memory }
        isPinned = unsafe made.map { unsafe $0.isPinned }
    }

    deinit {
        for index in isPinned.indices {
            if isPinned[index] {
                unsafe ccuda_pinned_free(buffers[index])
            } else {
                unsafe buffers[index].deallocate()
            }
        }
    }

    private static func allocate(_ bytes: Int) -> UnsafeMutableRawPointer {
        UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: AlignedBuffer.alignment)
    }

    private static func pin(_ bytes: Int, for use: CardUse) -> UnsafeMutableRawPointer? {
        guard use.pinsMemory, use.hasRuntime else { return nil }
        var failure = unsafe ccuda_failure()
        if let memory = unsafe ccuda_pinned_allocate(Int32(use.card), bytes, &failure) {
            return unsafe memory
        }
        use.lacksPinnedMemory(unsafe EngineFailure(failure))
        return nil
    }
}
