internal import Tensors

/// Looks for values that are not finite, fast enough for every value of every request.
enum Finiteness {
    /// Whether all `count` elements at `base` are finite.
    @inline(__always)
    static func allFinite(_ base: UnsafeRawPointer, count: Int, type: ElementType) -> Bool {
        switch type {
        case .float32: unsafe allFinite(base, count: count, exponent: UInt32(0x7F80_0000))
        case .float64: unsafe allFinite(base, count: count, exponent: UInt64(0x7FF0_0000_0000_0000))
        case .float16: unsafe allFinite(base, count: count, exponent: UInt16(0x7C00))
        case .bfloat16: unsafe allFinite(base, count: count, exponent: UInt16(0x7F80))
        default: true
        }
    }

    /// An element is not finite exactly when all bits of its exponent are set.
    @inline(__always)
    private static func allFinite<Word: FixedWidthInteger & SIMDScalar>(
        _ base: UnsafeRawPointer,
        count: Int,
        exponent: Word
    ) -> Bool {
        let lanes = SIMD16<Word>.scalarCount
        let mask = SIMD16<Word>(repeating: exponent)
        let width = MemoryLayout<Word>.size
        var index = 0
        while index + lanes <= count {
            let words = unsafe base.loadUnaligned(
                fromByteOffset: index * width,
                as: SIMD16<Word>.self
            )
            if any((words & mask) .== mask) { return false }
            index += lanes
        }
        while index < count {
            let word = unsafe base.loadUnaligned(fromByteOffset: index * width, as: Word.self)
            if word & exponent == exponent { return false }
            index += 1
        }
        return true
    }
}
