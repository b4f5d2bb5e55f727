/// Operations on single bits.
extension Lowering {
    mutating func bits(_ index: Int) throws(FirmwareError) -> (Instruction, NumberRange) {
        let flag = NumberRange(0, 1)
        switch listing.operations[index] {
        case .invert(let operand, let isNegated):
            return try invert(operand, isNegated: isNegated, index)
        case .anyBit(let operand):
            var instruction = Instruction(.anyBit)
            instruction.first = operand
            return (instruction, flag)
        case .allBits(let operand, let isNegated):
            let format = listing.formats[operand]
            var instruction = Instruction(.allBits)
            instruction.first = operand
            instruction.negation = isNegated ? -1 : 0
            // All bits of a number that may be negative are those of -1.
            let hasSign = isNegated || format.isSigned
            let highest = format.width > 0 && hasSign ? -1 : format.range.high
            try note(NumberRange(highest, highest), index)
            instruction.constant = Int64(highest)
            if isNegated { try note(-ranges[operand], index) }
            return (instruction, flag)
        case .bitwise(let kind, let first, let second, let shift, let isNegated, let isOther):
            let (left, leftSecond) = try aligned(first, second, shift: shift, index)
            var instruction = Instruction(Self.kind(kind))
            (instruction.first, instruction.second) = (first, second)
            (instruction.left, instruction.leftSecond) = (left, leftSecond)
            instruction.negation = isNegated ? -1 : 0
            instruction.negationSecond = isOther ? -1 : 0
            let one = isNegated ? -ranges[first] : ranges[first]
            let other = isOther ? -ranges[second] : ranges[second]
            try note(one, index)
            try note(other, index)
            let both = try shifted(one, left: left, index)
                .union(shifted(other, left: leftSecond, index))
            return (instruction, Self.allBits(of: both))
        default:
            preconditionFailure("an operation on numbers")
        }
    }

    private mutating func invert(
        _ operand: Int,
        isNegated: Bool,
        _ index: Int
    ) throws(FirmwareError) -> (Instruction, NumberRange) {
        var instruction = Instruction(.invert)
        instruction.first = operand
        instruction.negation = isNegated ? -1 : 0
        let range = isNegated ? -ranges[operand] : ranges[operand]
        try note(range, index)
        let inverted = NumberRange(-range.high - 1, -range.low - 1)
        guard !listing.formats[index].isSigned else { return (instruction, inverted) }
        // A number without a sign has as many bits as the operand.
        let width = listing.formats[operand].width
        instruction.hold(width: width, isSigned: false)
        try note(inverted, index)
        return (instruction, NumberRange(0, (1 << width) - 1))
    }

    private static func kind(_ kind: DAISOperation.Bitwise) -> Instruction.Kind {
        switch kind {
        case .and: .and
        case .or: .or
        case .xor: .xor
        }
    }

    /// Bounds of what any bits that numbers of the range have can make.
    private static func allBits(of range: NumberRange) -> NumberRange {
        var width = 0
        while range.high >> width > 0 || range.low >> width < -1 { width += 1 }
        return NumberRange(range.low < 0 ? -(1 << width) : 0, (1 << width) - 1)
    }
}
