/// Turns operations into instructions, and bounds what each can give.
struct Lowering {
    let listing: DAISListing
    let file: String
    let inputs: [FixedPointFormat]
    private(set) var instructions: [Instruction] = []
    private(set) var isNarrow = true
    /// Bounds of each instruction's number.
    private(set) var ranges: [NumberRange] = []
    var padded = PaddedTables()

    var tables: [[Int32]] { padded.tables }

    private static let wide = NumberRange(Int128(Int64.min), Int128(Int64.max))
    private static let narrow = NumberRange(Int128(Int32.min), Int128(Int32.max))
    /// Further to the left no number but 0 stays within 64 bits.
    private static let furthestLeft = 63
    /// Further to the right only the sign is left.
    private static let furthestRight = 63

    init(_ listing: DAISListing, file: String, inputs: [FixedPointFormat]) {
        self.listing = listing
        self.file = file
        self.inputs = inputs
    }

    mutating func run() throws(FirmwareError) {
        instructions.reserveCapacity(listing.operations.count)
        ranges.reserveCapacity(listing.operations.count)
        for index in listing.operations.indices {
            let (instruction, range) = try lowered(index)
            try note(range, index)
            instructions.append(instruction)
            ranges.append(range)
        }
    }

    /// What leaves the program, as ports hold it.
    mutating func outputs(
        _ ports: [FixedPointFormat]
    ) throws(FirmwareError) -> [LoweredProgram.Output] {
        var outputs: [LoweredProgram.Output] = []
        for (number, output) in listing.outputs.enumerated() {
            guard let source = output.operation, listing.formats[source].width > 0 else {
                outputs.append(LoweredProgram.Output(source: nil, negation: 0))
                continue
            }
            let fraction = listing.formats[source].fractionBits - output.shift
            guard ports[number].width > 0, ports[number].fractionBits == fraction else {
                throw FirmwareError(
                    "\(file): output \(number)",
                    found: "a value with \(fraction) fraction bits",
                    allowed:
                        "\(ports[number].fractionBits) in \(ports[number].width) bits, its port's"
                )
            }
            if output.isNegated { try note(-ranges[source], source) }
            outputs.append(
                LoweredProgram.Output(source: source, negation: output.isNegated ? -1 : 0)
            )
        }
        return outputs
    }

    private mutating func lowered(
        _ index: Int
    ) throws(FirmwareError) -> (Instruction, NumberRange) {
        let format = listing.formats[index]
        // A format of no bits holds nothing but 0, wherever the point of the operands is.
        if format.width == 0, listing.operations[index].isHeld {
            return (Instruction(.constant), .zero)
        }
        switch listing.operations[index] {
        case .input(let port): return try input(port, format, index)
        case .sum(let first, let second, let shift, let isDifference):
            return try sum(first, second, shift: shift, isDifference: isDifference, index)
        case .rectify(let operand, let isNegated):
            return try quantized(.rectify, operand, isNegated: isNegated, index)
        case .quantize(let operand, let isNegated):
            return try quantized(.quantize, operand, isNegated: isNegated, index)
        case .addConstant(let operand, let constant):
            var instruction = Instruction(.addConstant)
            instruction.first = operand
            instruction.constant = constant
            let raised = format.fractionBits - fraction(operand)
            instruction.left = isZero(operand) ? 0 : raised
            let range = try shifted(ranges[operand], left: instruction.left, index)
            return (instruction, range + NumberRange(Int128(constant), Int128(constant)))
        case .constant(let constant):
            var instruction = Instruction(.constant)
            instruction.constant = constant
            return (instruction, NumberRange(Int128(constant), Int128(constant)))
        case .select(let key, let first, let second, let shift, let isNegated):
            return try select(key, first, second, shift: shift, isNegated: isNegated, index)
        case .multiply(let first, let second):
            var instruction = Instruction(.multiply)
            instruction.first = first
            instruction.second = second
            if !isZero(first), !isZero(second) {
                try expect(fraction(first) + fraction(second), index)
            }
            return (instruction, ranges[first] * ranges[second])
        case .lookup(let operand, let table, let padding):
            var instruction = Instruction(.lookup)
            instruction.first = operand
            let operandFormat = listing.formats[operand]
            instruction.mask = PaddedTables.mask(operandFormat)
            instruction.second = try padded.add(
                listing.tables[table],
                number: table,
                padding: padding,
                operandFormat,
                place: "\(file): operation \(index)"
            )
            return (instruction, padded.ranges[instruction.second])
        default: return try bits(index)
        }
    }

    private mutating func input(
        _ port: Int,
        _ format: DAISFormat,
        _ index: Int
    ) throws(FirmwareError) -> (Instruction, NumberRange) {
        var instruction = Instruction(.input)
        instruction.first = port
        instruction.hold(format)
        let held = inputs[port].limits
        let range = NumberRange(Int128(held.lowerBound), Int128(held.upperBound))
        try note(range, index)
        guard range != .zero else { return (instruction, .zero) }
        let raised =
            format.fractionBits + listing.inputShifts[port] - inputs[port].fractionBits
        instruction.left = max(raised, 0)
        instruction.right = min(max(-raised, 0), Self.furthestRight)
        let moved = try shifted(range, left: instruction.left, index) >> instruction.right
        return (instruction, format.range.contains(moved) ? moved : format.range)
    }

    private mutating func sum(
        _ first: Int,
        _ second: Int,
        shift: Int,
        isDifference: Bool,
        _ index: Int
    ) throws(FirmwareError) -> (Instruction, NumberRange) {
        let (left, leftSecond) = try aligned(first, second, shift: shift, index)
        let firstRange = try shifted(ranges[first], left: left, index)
        let secondRange = try shifted(ranges[second], left: leftSecond, index)
        try note(-secondRange, index)
        var instruction: Instruction
        if left == 0 {
            instruction = Instruction(isDifference ? .subtract : .add)
            (instruction.first, instruction.second) = (first, second)
            instruction.left = leftSecond
        } else {
            instruction = Instruction(isDifference ? .subtractFrom : .add)
            (instruction.first, instruction.second) = (second, first)
            instruction.left = left
        }
        return (instruction, firstRange + (isDifference ? -secondRange : secondRange))
    }

    private mutating func quantized(
        _ kind: Instruction.Kind,
        _ operand: Int,
        isNegated: Bool,
        _ index: Int
    ) throws(FirmwareError) -> (Instruction, NumberRange) {
        let format = listing.formats[index]
        var instruction = Instruction(kind)
        instruction.first = operand
        instruction.negation = isNegated ? -1 : 0
        instruction.hold(format)
        let range = isNegated ? -ranges[operand] : ranges[operand]
        try note(range, index)
        guard !isZero(operand) else { return (instruction, .zero) }
        let dropped = fraction(operand) - format.fractionBits
        guard dropped >= 0 else {
            throw FirmwareError(
                "\(file): operation \(index)",
                found: "\(format.fractionBits) fraction bits",
                allowed: "at most the \(fraction(operand)) of its operand"
            )
        }
        instruction.right = min(dropped, Self.furthestRight)
        let whole = kind == .rectify ? range.rectified : range
        let moved = whole >> instruction.right
        return (instruction, format.range.contains(moved) ? moved : format.range)
    }

    /// The key's highest bit decides, as in da4ml's logic.
    ///
    /// Its own interpreter (0.6.0) reads keys
    /// without a sign that have several bits otherwise; its tracer makes none.
    private mutating func select(
        _ key: Int,
        _ first: Int,
        _ second: Int,
        shift: Int,
        isNegated: Bool,
        _ index: Int
    ) throws(FirmwareError) -> (Instruction, NumberRange) {
        let format = listing.formats[index]
        var instruction = Instruction(.select)
        let left = isZero(first) ? 0 : format.fractionBits - fraction(first)
        let leftSecond = isZero(second) ? 0 : format.fractionBits - fraction(second) + shift
        let firstRange = try shifted(ranges[first], left: left, index)
        let operand = isNegated ? -ranges[second] : ranges[second]
        try note(operand, index)
        let secondRange = try shifted(operand, left: leftSecond, index)
        let negation = isNegated ? -1 : 0
        let keyFormat = listing.formats[key]
        instruction.key = key
        if keyFormat.isSigned {
            // The highest bit is the sign's.
            (instruction.first, instruction.second) = (first, second)
            (instruction.left, instruction.leftSecond) = (left, leftSecond)
            instruction.negationSecond = negation
        } else {
            (instruction.first, instruction.second) = (second, first)
            (instruction.left, instruction.leftSecond) = (leftSecond, left)
            instruction.negation = negation
            let highestBit = Int128(1) << max(keyFormat.width - 1, 0)
            try note(NumberRange(0, highestBit), index)
            instruction.constant = Int64(highestBit)
        }
        instruction.hold(format)
        let range = firstRange.union(secondRange)
        return (instruction, format.range.contains(range) ? range : format.range)
    }

    /// How far two operands are raised to one fraction, which must be the operation's.
    mutating func aligned(
        _ first: Int,
        _ second: Int,
        shift: Int,
        _ index: Int
    ) throws(FirmwareError) -> (Int, Int) {
        let fractions = [
            isZero(first) ? nil : fraction(first), isZero(second) ? nil : fraction(second) - shift,
        ]
        guard let finest = fractions.compactMap(\.self).max() else { return (0, 0) }
        try expect(finest, index)
        return (fractions[0].map { finest - $0 } ?? 0, fractions[1].map { finest - $0 } ?? 0)
    }

    /// Refuses a fraction that does not follow from the operands'.
    func expect(_ fraction: Int, _ index: Int) throws(FirmwareError) {
        guard listing.formats[index].fractionBits == fraction else {
            throw FirmwareError(
                "\(file): operation \(index)",
                found: "\(listing.formats[index].fractionBits) fraction bits",
                allowed: "\(fraction), which follow from its operands"
            )
        }
    }

    /// Bounds after a shift to the left, refused where it is none or leaves 64 bits.
    mutating func shifted(
        _ range: NumberRange,
        left: Int,
        _ index: Int
    ) throws(FirmwareError) -> NumberRange {
        guard (0...Self.furthestLeft).contains(left) else {
            throw FirmwareError(
                "\(file): operation \(index)",
                found: "an operand raised by \(left) bits",
                allowed: "0 to \(Self.furthestLeft)"
            )
        }
        let moved = range << left
        try note(moved, index)
        return moved
    }

    /// Keeps in mind how wide a lane must be.
    mutating func note(_ range: NumberRange, _ index: Int) throws(FirmwareError) {
        guard Self.wide.contains(range) else {
            throw FirmwareError(
                "\(file): operation \(index)",
                found: "numbers from \(range.low) to \(range.high)",
                allowed: "those of 64 bits"
            )
        }
        if !Self.narrow.contains(range) { isNarrow = false }
    }

    func fraction(_ operation: Int) -> Int { listing.formats[operation].fractionBits }

    /// Whether an operation gives nothing but 0, whatever its point.
    func isZero(_ operation: Int) -> Bool { listing.formats[operation].width == 0 }
}
