internal import Glibc

/// Owned memory aligned to 64 bytes, zeroed when made, freed when dropped.
///
/// Owner: whoever holds it; it is lent by its pointer and never resized.
@safe
public struct AlignedBuffer: ~Copyable {
    /// First byte; valid as long as the buffer.
    public let base: UnsafeMutableRawPointer
    /// Bytes that may be used.
    public let byteCount: Int
    /// Alignment of every buffer: one cache line, and what SIMD loads of 512 bits want.
    public static let alignment = 64

    /// Memory for `byteCount` bytes.
    ///
    /// Running out of memory is a precondition.
    public init(byteCount: Int) {
        precondition(byteCount >= 0)
        let rounded = (max(byteCount, 1) + Self.alignment - 1) & ~(Self.alignment - 1)
        guard let memory = unsafe aligned_alloc(Self.alignment, rounded) else {
            preconditionFailure("out of memory for a buffer of \(rounded) bytes")
        }
        unsafe memset(memory, 0, rounded)
        unsafe base = memory
        self.byteCount = byteCount
    }

    deinit {
        unsafe free(base)
    }
}

// Safe because the buffer owns its memory alone and carries no shared state.
extension AlignedBuffer: @unchecked Sendable {}
