/// How a port's numbers are held in whole numbers: value = word / 2^fraction.
public struct FixedPointFormat: Sendable, Equatable {
    /// What happens to values beyond the ends.
    public enum Overflow: String, Sendable, CaseIterable {
        /// The low bits are kept.
        case wrap
        /// The nearest end is taken.
        case saturate
    }

    /// Whether there are negative values, in two's complement.
    public let isSigned: Bool
    /// Bits before the point, the sign's not among them; may be negative.
    public let integerBits: Int
    /// Bits after the point; may be negative.
    public let fractionBits: Int
    /// What happens to values beyond the ends.
    public let overflow: Overflow

    /// A format of 0 to 32 bits.
    public init(isSigned: Bool, integerBits: Int, fractionBits: Int, overflow: Overflow) {
        self.isSigned = isSigned
        self.integerBits = integerBits
        self.fractionBits = fractionBits
        self.overflow = overflow
        precondition((0...32).contains(width), "a port is 0 to 32 bits wide")
    }

    /// Bits of a word.
    public var width: Int { (isSigned ? 1 : 0) + integerBits + fractionBits }
}
