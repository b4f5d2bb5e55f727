extension FixedPointFormat {
    /// Bits of a float32 behind its leading one.
    private static let mantissaBits = 23
    /// What a float32's exponent field stands for when its value is a whole mantissa.
    private static let wholeExponent = 150
    /// A mantissa shifted further left leaves the low 32 bits empty, and 64 bits hold it still.
    private static let furthestLeft = 39
    /// A mantissa shifted further right leaves the sign alone.
    private static let furthestRight = 63

    /// The word of a value, floor(value * 2^fraction) held by the overflow rule, and whether the
    /// format holds that number as it is.
    ///
    /// Exact for every finite value, huge ones and denormals too. A port of no bits is not read:
    /// it takes 0 of any value.
    func word(of value: Float) -> (word: Int32, isInside: Bool) {
        guard width > 0 else { return (0, true) }
        guard value.isFinite else { return (0, false) }
        let field = Int(value.exponentBitPattern)
        let hidden = field == 0 ? 0 : 1 << Self.mantissaBits
        let magnitude = Int64(value.significandBitPattern) | Int64(hidden)
        let mantissa = value.sign == .minus ? -magnitude : magnitude
        let right = Self.wholeExponent - max(field, 1) - fractionBits
        // An arithmetic shift of a negative number rounds down, as floor does.
        let number =
            right >= 0
            ? mantissa >> min(right, Self.furthestRight)
            : mantissa << min(-right, Self.furthestLeft)
        let limits = limits
        if limits.contains(number) { return (Int32(truncatingIfNeeded: number), true) }
        switch overflow {
        case .wrap:
            let held = self.number(of: Int32(truncatingIfNeeded: number))
            return (Int32(truncatingIfNeeded: held), false)
        case .saturate:
            let held = number < limits.lowerBound ? limits.lowerBound : limits.upperBound
            return (Int32(truncatingIfNeeded: held), false)
        }
    }

    /// What one step of a word is worth, 2^-fraction.
    var step: Double {
        Double(sign: .plus, exponent: -fractionBits, significand: 1)
    }

    /// Whether float32 holds every number of the format: at most 24 bits beside the sign.
    var fitsFloat32: Bool { width - (isSigned ? 1 : 0) <= Self.mantissaBits + 1 }
}
