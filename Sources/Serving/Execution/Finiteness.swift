internal import Tensors

/// Looks for values that are not finite, fast enough for every value of every request.
enum Finiteness {
    /// Elements looked at between two decisions.
    private static let stretch = 1024

    /// Whether all `count` elements at `base` are finite.
    @inline(never)
    static func allFinite(_ base: UnsafeRawPointer, count: Int, type: ElementType) -> Bool {
        switch type {
        case .float32: unsafe allFinite(base, count: count, exponent: UInt32(0x7F80_0000))
        case .float64: unsafe allFinite(base, count: count, exponent: UInt64(0x7FF0_0000_0000_0000))
        case .float16: unsafe allFinite(base, count: count, exponent: UInt16(0x7C00))
        case .bfloat16: unsafe allFinite(base, count: count, exponent: UInt16(0x7F80))
        default: true
        }
    }

    /// Adds the lowest bit of the exponent to every element, which the compiler vectorises.
    ///
    /// An element is not finite exactly when all bits of its exponent are set: then the sum carries
    /// into the sign.
    @inline(__always)
    private static func allFinite<Word: FixedWidthInteger & UnsignedInteger>(
        _ base: UnsafeRawPointer,
        count: Int,
        exponent: Word
    ) -> Bool {
        let lowest = exponent & (~exponent &+ 1)
        let magnitude = Word.max >> 1
        let width = MemoryLayout<Word>.size
        var start = 0
        while start < count {
            let end = min(count, start &+ stretch)
            var carries: Word = 0
            for index in start..<end {
                let word = unsafe base.loadUnaligned(
                    fromByteOffset: index &* width,
                    as: Word.self
                )
                carries |= (word & magnitude) &+ lowest
            }
            if carries > magnitude { return false }
            start = end
        }
        return true
    }
}
