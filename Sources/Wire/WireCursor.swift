internal import Tensors

/// What is left of a protobuf message that lies in memory, read from the front.
///
/// Reads what protobuf-c reads, bounded by the message; nil for what it would not read and for
/// lengths that no header needs. The memory is lent: it must stay as long as what points into it.
@safe
struct WireCursor {
    /// Next byte to read.
    private(set) var at: UnsafeRawPointer
    private let end: UnsafeRawPointer

    /// `count` bytes at `base`.
    @inline(__always)
    init(_ base: UnsafeRawPointer, count: Int) {
        unsafe at = unsafe base
        unsafe end = unsafe base + count
    }

    /// Whether bytes are left.
    @inline(__always)
    var hasMore: Bool { unsafe at < end }

    /// Bytes that are left.
    @inline(__always)
    var count: Int { unsafe end - at }

    /// The next byte.
    @inline(__always)
    mutating func byte() -> UInt8? {
        guard hasMore else { return nil }
        let byte = unsafe at.load(as: UInt8.self)
        unsafe at += 1
        return byte
    }

    /// A whole number below 128.
    @inline(__always)
    mutating func smallNumber() -> UInt8? {
        guard let byte = byte(), byte < 0x80 else { return nil }
        return byte
    }

    /// A whole number of at most `mostBytes` bytes; bits past the 64th are dropped, as protobuf-c
    /// does.
    @inline(__always)
    mutating func number(mostBytes: UInt64 = 10) -> UInt64? {
        guard let first = byte() else { return nil }
        guard first >= 0x80 else { return UInt64(first) }
        var value = UInt64(first & 0x7F)
        var shift: UInt64 = 7
        while shift < 7 * mostBytes, let next = byte() {
            value |= UInt64(next & 0x7F) &<< shift
            if next < 0x80 { return value }
            shift += 7
        }
        return nil
    }

    /// The eight bytes of a double.
    @inline(__always)
    mutating func double() -> Double? {
        guard count >= 8 else { return nil }
        let word = unsafe at.loadUnaligned(as: UInt64.self)
        unsafe at += 8
        return Double(bitPattern: UInt64(littleEndian: word))
    }

    /// The content of a field that says its length, in at most five bytes as for protobuf-c.
    @inline(__always)
    mutating func content() -> WireCursor? {
        guard let count = number(mostBytes: 5), count <= UInt64(truncatingIfNeeded: self.count)
        else {
            return nil
        }
        let content = unsafe WireCursor(at, count: Int(truncatingIfNeeded: count))
        unsafe at = unsafe content.end
        return content
    }

    /// Text without a NUL, at which protobuf-c's text would end.
    @inline(__always)
    mutating func text() -> LentText? {
        guard let content = content() else { return nil }
        guard unsafe !content.hasZeroByte(readable: end - content.at) else { return nil }
        return unsafe LentText(
            base: content.at.assumingMemoryBound(to: UInt8.self),
            count: content.count
        )
    }

    /// Whether a byte is 0; `readable` bytes may be read, those behind the end included.
    @inline(__always)
    private func hasZeroByte(readable: Int) -> Bool {
        if count >= 8 {
            // The last word overlaps the one before.
            let last = unsafe Self.hasZeroByte((end - 8).loadUnaligned(as: UInt64.self))
            return unsafe last || Self.hasZeroByte(at.loadUnaligned(as: UInt64.self))
                || count > 16 && hasZeroByte(from: 8)
        }
        guard readable >= 8 else { return hasZeroByte(from: 0) }
        let word = UInt64(littleEndian: unsafe at.loadUnaligned(as: UInt64.self))
        return Self.hasZeroByte(word | ~0 << UInt64(8 * count))
    }

    private func hasZeroByte(from start: Int) -> Bool {
        for offset in start..<count
        where unsafe at.load(fromByteOffset: offset, as: UInt8.self) == 0 {
            return true
        }
        return false
    }

    /// Whether one of a word's bytes is 0 (Mycroft's test).
    @inline(__always)
    private static func hasZeroByte(_ word: UInt64) -> Bool {
        (word &- 0x0101_0101_0101_0101) & ~word & 0x8080_8080_8080_8080 != 0
    }
}

extension WireCursor {
    /// The next field whose number is below 16: its tag, and its content if it says its length.
    mutating func field() -> (tag: UInt8, content: WireCursor?)? {
        guard let tag = byte() else { return nil }
        switch tag & 7 {
        case 0: return number().map { _ in (tag, nil) }
        case 1: return double().map { _ in (tag, nil) }
        case 2: return content().map { (tag, $0) }
        default: return nil
        }
    }
}
