/// Whole numbers as varints of a width that does not depend on the value, so that they can be
/// written over one another.
///
/// Every protobuf decoder takes them: a varint's last bytes may hold nothing but zeros.
@safe
struct PaddedNumber {
    /// Times: up to 73 minutes.
    static let nanoseconds = PaddedNumber(byteCount: 6)
    /// Rows of a micro-batch: up to two million.
    static let batch = PaddedNumber(byteCount: 3)
    /// Rows of a tensor: up to 34 thousand million, more than a message holds.
    static let rows = PaddedNumber(byteCount: 5)

    /// Bytes on the wire.
    let byteCount: Int

    /// The largest number, the one that takes this width unpadded.
    var maximum: UInt64 { 1 << UInt64(7 * byteCount) - 1 }

    /// Writes a number; one that is too large becomes the largest.
    @inline(__always)
    func store(_ number: UInt64, at place: UnsafeMutableRawPointer) {
        // Spreads 7-bit groups over bytes: halves, quarters, bytes.
        var word = min(number, maximum)
        word = word & 0x0FFF_FFFF | (word & 0x00FF_FFFF_F000_0000) << 4
        word = word & 0x0000_3FFF_0000_3FFF | (word & 0x0FFF_C000_0FFF_C000) << 2
        word = word & 0x007F_007F_007F_007F | (word & 0x3F80_3F80_3F80_3F80) << 1
        // Every byte but the last says that another one follows.
        word |= 0x8080_8080_8080_8080 >> UInt64(64 - 8 * (byteCount - 1))
        var place = unsafe place
        if byteCount & 4 != 0 {
            let part = UInt32(truncatingIfNeeded: word).littleEndian
            unsafe place.storeBytes(of: part, as: UInt32.self)
            unsafe place += 4
            word >>= 32
        }
        if byteCount & 2 != 0 {
            let part = UInt16(truncatingIfNeeded: word).littleEndian
            unsafe place.storeBytes(of: part, as: UInt16.self)
            unsafe place += 2
            word >>= 16
        }
        if byteCount & 1 != 0 {
            unsafe place.storeBytes(of: UInt8(truncatingIfNeeded: word), as: UInt8.self)
        }
    }
}
