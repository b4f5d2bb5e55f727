/// A fixed-point type as conifer names it, `ap_fixed<W,I>`: value = word / 2^(W − I).
///
/// I counts the sign's bit, as ap_fixed does.
package struct ConiferPrecision: Sendable, Equatable {
    /// What becomes of the digits that a word has no room for.
    package enum Rounding: String, Sendable, CaseIterable {
        /// They are cut off, towards −∞.
        case truncate = "AP_TRN"
        /// To the nearest word, halves towards +∞.
        case nearest = "AP_RND"
    }

    /// What becomes of values beyond the ends.
    package enum Overflow: String, Sendable, CaseIterable {
        /// The low bits are kept.
        case wrap = "AP_WRAP"
        /// The nearest end is taken.
        case saturate = "AP_SAT"
    }

    /// Bits of a word at most: it is held in 64 bits, its products too.
    package static let widths = 1...32
    /// Bits before the point; what a word stands for is then far inside a Double's range.
    package static let integers = -64...64

    /// Whether there are negative values, in two's complement.
    package let isSigned: Bool
    /// Bits of a word.
    package let width: Int
    /// Bits before the point, the sign's among them.
    package let integer: Int
    package let rounding: Rounding
    package let overflow: Overflow

    /// Bits after the point; negative where the last digits before it are left out.
    package var fraction: Int { width - integer }

    /// Least and greatest word.
    package var words: ClosedRange<Int> {
        isSigned ? -(1 << (width - 1))...(1 << (width - 1)) - 1 : 0...(1 << width) - 1
    }

    /// Types that are read, in words.
    static let allowed =
        "ap_fixed<W,I> or ap_ufixed<W,I> with W in 1...32 and I in -64...64,"
        + " then AP_TRN or AP_RND, AP_WRAP or AP_SAT"

    /// Reads "ap_fixed<18,8>" or "ap_ufixed<16, 6, AP_RND, AP_SAT>"; nil for anything else.
    package init?(_ text: String) {
        let compact = text.filter { $0 != " " }
        guard let open = compact.firstIndex(of: "<"), compact.last == ">" else { return nil }
        switch compact[..<open] {
        case "ap_fixed": isSigned = true
        case "ap_ufixed": isSigned = false
        default: return nil
        }
        let parameters = compact[compact.index(after: open)...].dropLast()
            .split(separator: ",", omittingEmptySubsequences: false)
        guard (2...5).contains(parameters.count), let width = Int(parameters[0]),
            Self.widths.contains(width), let integer = Int(parameters[1]),
            Self.integers.contains(integer)
        else { return nil }
        self.width = width
        self.integer = integer
        guard
            let rounding = parameters.count > 2
                ? Rounding(rawValue: String(parameters[2])) : .truncate,
            let overflow = parameters.count > 3
                ? Overflow(rawValue: String(parameters[3])) : .wrap,
            // Bits that wrapping keeps saturated: none.
            parameters.count < 5 || parameters[4] == "0"
        else { return nil }
        self.rounding = rounding
        self.overflow = overflow
    }
}
