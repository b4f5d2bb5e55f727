internal import Messages

/// The id at the beginning of a header, where clients put it.
enum LeadingId {
    /// The id, and the bytes that it and its tag take; nil when something else stands first or the
    /// id takes more than `maximumBytes` without its tag.
    @inline(__always)
    static func read(_ header: LentFrame, maximumBytes: Int) -> (id: UInt64, length: Int)? {
        guard let base = unsafe header.base, header.count >= 2,
            unsafe base.load(as: UInt8.self) == 0x08
        else { return nil }
        var id: UInt64 = 0
        for index in 1..<min(header.count, maximumBytes + 1) {
            let byte = unsafe base.load(fromByteOffset: index, as: UInt8.self)
            id |= UInt64(byte & 0x7F) &<< UInt64(7 &* (index &- 1))
            if byte < 0x80 { return (id, index + 1) }
        }
        return nil
    }
}
