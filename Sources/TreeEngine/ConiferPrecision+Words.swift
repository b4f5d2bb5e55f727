internal import Glibc

/// From numbers to words, as ap_fixed's own constructors do it.
extension ConiferPrecision {
    /// Bits that no word keeps: from here on a Double is a multiple of every word's range.
    private static let vanishing = 0x1p126

    /// The word of a finite number.
    package func word(_ number: Double) -> Int {
        let scaled = scalbn(number, Int32(fraction))
        let floor = scaled.rounded(.down)
        // Added to the number itself, a half could be rounded away.
        let whole = rounding == .nearest && scaled - floor >= 0.5 ? floor + 1 : floor
        guard abs(whole) < Self.vanishing else {
            return overflow == .wrap ? 0 : whole < 0 ? words.lowerBound : words.upperBound
        }
        return bounded(Int128(whole))
    }

    /// The word of `value` / 2^`places`, for products.
    func word(_ value: Int128, places: Int) -> Int {
        let shift = places - fraction
        guard shift > 0 else { return bounded(value << -shift) }
        let half: Int128 = rounding == .nearest ? 1 << (shift - 1) : 0
        return bounded((value + half) >> shift)
    }

    /// The word whose low bits are those of `value`.
    @inline(__always)
    func wrapped(_ value: Int) -> Int {
        let unused = Int.bitWidth - width
        let top = UInt(bitPattern: value) << unused
        return isSigned ? Int(bitPattern: top) >> unused : Int(bitPattern: top >> unused)
    }

    /// What a word stands for.
    package func number(_ word: Int) -> Double { scalbn(Double(word), Int32(-fraction)) }

    private func bounded(_ value: Int128) -> Int {
        switch overflow {
        case .wrap: wrapped(Int(truncatingIfNeeded: value))
        case .saturate:
            Int(min(max(value, Int128(words.lowerBound)), Int128(words.upperBound)))
        }
    }
}

/// Words of float32 inputs, found by comparing: no input is converted to be compared.
extension ConiferPrecision {
    /// The least Float whose word, before overflow, is at least `word`.
    ///
    /// A word is above `word` − 1 exactly if its number is not below this Float.
    func leastFloat(ofWord word: Int) -> Float {
        let least = scalbn(Double(word) - (rounding == .nearest ? 0.5 : 0), Int32(-fraction))
        let float = Float(least)
        return Double(float) < least ? float.nextUp : float
    }
}
