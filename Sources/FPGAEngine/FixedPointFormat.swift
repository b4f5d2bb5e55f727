/// How a port's numbers are held in whole numbers: value = word / 2^fraction.
public struct FixedPointFormat: Sendable, Equatable {
    /// What happens to values beyond the ends.
    public enum Overflow: String, Sendable, CaseIterable {
        /// The low bits are kept.
        case wrap
        /// The nearest end is taken.
        case saturate
    }

    /// Widest port.
    public static let maximumWidth = 32
    /// Furthest that a port's point may lie from its bits, either way.
    public static let maximumPoint = 64

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
        precondition((0...Self.maximumWidth).contains(width), "a port is 0 to 32 bits wide")
    }

    /// Bits of a word.
    public var width: Int { (isSigned ? 1 : 0) + integerBits + fractionBits }

    /// The lowest and the highest whole number that a word holds; a port of no bits holds 0.
    var limits: ClosedRange<Int64> {
        guard width > 0 else { return 0...0 }
        return isSigned ? -(1 << (width - 1))...(1 << (width - 1)) - 1 : 0...(1 << width) - 1
    }

    /// What a word stands for: its low bits, the sign's read as such.
    func number(of word: Int32) -> Int64 {
        let bits = Int64(word) & ((1 << width) - 1)
        return isSigned && bits > limits.upperBound ? bits - (1 << width) : bits
    }
}
