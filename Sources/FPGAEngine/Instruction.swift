/// One step of a lowered program, on whole numbers: every shift and mask that fixed-point formats
/// ask for is worked out.
///
/// What a field means depends on the kind; `held` is ((number & mask) ^ sign) - sign, which keeps
/// the low bits of a number and reads the sign's as such.
struct Instruction: Sendable, Equatable {
    enum Kind: UInt8, Sendable {
        /// held(word of port `first`, as its port holds it, shifted left and right)
        case input
        /// first + second << left
        case add
        /// first - second << left
        case subtract
        /// second << left - first
        case subtractFrom
        /// held(max(±first, 0) >> right)
        case rectify
        /// held(±first >> right)
        case quantize
        /// first << left + constant
        case addConstant
        /// constant
        case constant
        /// held(key < constant ? ±first << left : ±second << leftSecond)
        case select
        /// first * second
        case multiply
        /// element first & mask of table `second`
        case lookup
        /// ~±first & mask
        case invert
        /// first != 0 ? 1 : 0
        case anyBit
        /// ±first == constant ? 1 : 0
        case allBits
        /// ±first << left, and, or or xor, ±second << leftSecond
        case and
        case or
        case xor
    }

    let kind: Kind
    /// Operands: earlier instructions, a port or a table.
    var first = 0
    var second = 0
    var key = 0
    var left = 0
    var leftSecond = 0
    var right = 0
    /// -1 where ± is minus, else 0: ±number is (number ^ negation) - negation.
    var negation = 0
    var negationSecond = 0
    var mask: Int64 = -1
    var sign: Int64 = 0
    var constant: Int64 = 0

    init(_ kind: Kind) { self.kind = kind }

    /// Whether `first`, `second` and `key` are earlier instructions.
    var operands: [Int] {
        switch kind {
        case .input, .constant: []
        case .rectify, .quantize, .addConstant, .lookup, .invert, .anyBit, .allBits: [first]
        case .add, .subtract, .subtractFrom, .multiply, .and, .or, .xor: [first, second]
        case .select: [key, first, second]
        }
    }

    /// Holds the result in `format`.
    mutating func hold(_ format: DAISFormat) {
        hold(width: format.width, isSigned: format.isSigned)
    }

    mutating func hold(width: Int, isSigned: Bool) {
        // 64 bits are held as they are.
        mask = width == 0 ? 0 : Int64(bitPattern: .max >> (64 - width))
        sign = isSigned && (1..<64).contains(width) ? 1 << (width - 1) : 0
    }
}
