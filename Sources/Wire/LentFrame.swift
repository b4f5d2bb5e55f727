/// The bytes of one frame, lent by the transport.
@safe
public struct LentFrame: @unchecked Sendable {
    // Safe because the bytes are immutable while they are lent.
    /// First byte, or nil when empty.
    public var base: UnsafeRawPointer?
    /// Bytes.
    public var count: Int

    /// A frame of `count` bytes at `base`.
    public init(base: UnsafeRawPointer?, count: Int) {
        unsafe self.base = unsafe base
        self.count = count
    }
}
