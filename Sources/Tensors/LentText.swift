internal import Glibc

/// UTF-8 bytes that lie in a message and are lent for the time of a call.
///
/// Not a string yet: on the request path names are compared, never built.
@safe
public struct LentText: BitwiseCopyable, @unchecked Sendable {
    // Safe because the bytes are immutable while they are lent.
    /// First byte, or nil when empty.
    public let base: UnsafePointer<UInt8>?
    /// Bytes.
    public let count: Int

    /// A view of `count` bytes at `base`.
    public init(base: UnsafePointer<UInt8>?, count: Int) {
        unsafe self.base = base
        self.count = count
    }

    /// No text.
    public init() {
        unsafe self.init(base: nil, count: 0)
    }

    /// Whether there is no text.
    public var isEmpty: Bool { count == 0 }

    /// A copy as a string; invalid UTF-8 is repaired, so that it can be quoted.
    public var string: String {
        guard let base = unsafe base else { return "" }
        return unsafe String(
            decoding: UnsafeBufferPointer(start: base, count: count),
            as: UTF8.self
        )
    }

    /// Whether the bytes are those of `other`.
    @inline(__always)
    public func equals(_ other: borrowing OwnedText) -> Bool {
        guard count == other.count else { return false }
        guard let base = unsafe base else { return true }
        return unsafe memcmp(base, other.base, count) == 0
    }

    /// Whether the bytes are those of `other`.
    @inline(__always)
    public func equals(_ other: LentText) -> Bool {
        guard count == other.count else { return false }
        guard let base = unsafe base, let others = unsafe other.base else { return true }
        return unsafe memcmp(base, others, count) == 0
    }
}

/// Text that stays: NUL-terminated UTF-8 for C structures and fast comparison.
@safe
public final class OwnedText: @unchecked Sendable {
    // Safe because the bytes never change after init.
    /// NUL-terminated bytes, valid as long as this object.
    public let base: UnsafeMutablePointer<CChar>
    /// Bytes before the NUL.
    public let count: Int
    /// The same as a string.
    public let string: String

    /// Copies the text.
    public init(_ string: String) {
        let utf8 = Array(string.utf8)
        let memory = UnsafeMutablePointer<CChar>.allocate(capacity: utf8.count + 1)
        for (index, byte) in utf8.enumerated() { unsafe memory[index] = CChar(bitPattern: byte) }
        unsafe memory[utf8.count] = 0
        unsafe base = memory
        count = utf8.count
        self.string = string
    }

    /// The same, lent for as long as this object lives.
    public var lent: LentText {
        unsafe LentText(
            base: UnsafeRawPointer(base).assumingMemoryBound(to: UInt8.self),
            count: count
        )
    }

    deinit {
        unsafe base.deallocate()
    }
}
