/// One operation of a program as da4ml 0.6.0 defines it; operands are indices of earlier ones.
enum DAISOperation: Sendable, Equatable {
    /// Which bits two numbers have, after both were brought to one fraction.
    enum Bitwise: Int, Sendable {
        case and = 0
        case or = 1
        case xor = 2
    }

    /// A port's value, held by the operation's format.
    case input(Int)
    /// first ± second * 2^shift.
    case sum(Int, Int, shift: Int, isDifference: Bool)
    /// max(±operand, 0), held by the operation's format.
    case rectify(Int, isNegated: Bool)
    /// ±operand, held by the operation's format.
    case quantize(Int, isNegated: Bool)
    /// The operand and a number of the operation's own fraction.
    case addConstant(Int, Int64)
    /// A number of the operation's own fraction.
    case constant(Int64)
    /// first where the key's highest bit is set, else ±second * 2^shift; held by the format.
    case select(key: Int, Int, Int, shift: Int, isNegated: Bool)
    /// first * second.
    case multiply(Int, Int)
    /// An element of a table, counted from the operand's lowest number and `padding` further.
    case lookup(Int, table: Int, padding: Int)
    /// ±operand with every bit inverted.
    case invert(Int, isNegated: Bool)
    /// Whether any bit is set.
    case anyBit(Int)
    /// Whether all bits of ±operand are set.
    case allBits(Int, isNegated: Bool)
    /// Bits of ±first and ±second * 2^shift.
    case bitwise(Bitwise, Int, Int, shift: Int, isFirstNegated: Bool, isSecondNegated: Bool)

    /// Whether the operation's format cuts its number to size; others give theirs as they are.
    var isHeld: Bool {
        switch self {
        case .input, .rectify, .quantize, .select: true
        default: false
        }
    }
}
