/// The fixed-point format of one value inside a program: value = number / 2^fraction.
struct DAISFormat: Sendable, Equatable {
    let isSigned: Bool
    /// Bits before the point, the sign's not among them; may be negative.
    let integerBits: Int
    /// Bits after the point; may be negative.
    let fractionBits: Int

    /// Bits of a number; 0 is a value that is always 0.
    var width: Int { (isSigned ? 1 : 0) + integerBits + fractionBits }

    /// The numbers that it holds.
    var range: NumberRange {
        guard width > 0 else { return .zero }
        return isSigned
            ? NumberRange(-(1 << (width - 1)), (1 << (width - 1)) - 1)
            : NumberRange(0, (1 << width) - 1)
    }
}

/// Bounds of a whole number, wide enough that bounds of 64 bits can be shifted and multiplied.
struct NumberRange: Sendable, Equatable {
    let low: Int128
    let high: Int128

    static let zero = NumberRange(0, 0)

    init(_ low: Int128, _ high: Int128) {
        self.low = low
        self.high = high
    }

    func contains(_ other: NumberRange) -> Bool { low <= other.low && other.high <= high }

    static prefix func - (range: NumberRange) -> NumberRange {
        NumberRange(-range.high, -range.low)
    }

    static func + (first: NumberRange, second: NumberRange) -> NumberRange {
        NumberRange(first.low + second.low, first.high + second.high)
    }

    static func * (first: NumberRange, second: NumberRange) -> NumberRange {
        let ends = [
            first.low * second.low, first.low * second.high, first.high * second.low,
            first.high * second.high,
        ]
        return NumberRange(ends.min() ?? 0, ends.max() ?? 0)
    }

    static func << (range: NumberRange, bits: Int) -> NumberRange {
        NumberRange(range.low << bits, range.high << bits)
    }

    static func >> (range: NumberRange, bits: Int) -> NumberRange {
        NumberRange(range.low >> bits, range.high >> bits)
    }

    func union(_ other: NumberRange) -> NumberRange {
        NumberRange(min(low, other.low), max(high, other.high))
    }

    /// What is left of it below zero taken as zero.
    var rectified: NumberRange { NumberRange(max(low, 0), max(high, 0)) }
}
