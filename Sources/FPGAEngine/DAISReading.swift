/// The parts of a program's file, read one by one.
struct DAISReading {
    let file: String
    /// Each sign-extended from 32 bits.
    let words: [Int]
    let inputCount: Int
    var tableCount = 0

    /// Shifts of inputs or outputs.
    func shifts(_ what: String, _ places: Range<Int>) throws(FirmwareError) -> [Int] {
        var shifts: [Int] = []
        for place in places {
            let number = place - places.lowerBound
            shifts.append(try shift(words[place], "\(file): \(what) \(number)"))
        }
        return shifts
    }

    /// What leaves the program.
    func outputs(
        indices: Int,
        shifts: Int,
        signs: Int,
        count: Int,
        operations: Int
    ) throws(FirmwareError) -> [DAISListing.Output] {
        let shifts = try self.shifts("shift of output", shifts..<shifts + count)
        var outputs: [DAISListing.Output] = []
        for number in 0..<count {
            let index = words[indices + number]
            guard index < operations else {
                throw FirmwareError(
                    "\(file): output \(number)",
                    found: "operation \(index)",
                    allowed: "one of the \(operations) there are"
                )
            }
            let sign = words[signs + number]
            guard sign == 0 || sign == 1 else {
                throw FirmwareError(
                    "\(file): sign of output \(number)",
                    found: "\(sign)",
                    allowed: "0 or 1"
                )
            }
            outputs.append(
                DAISListing.Output(
                    operation: index < 0 ? nil : index,
                    shift: shifts[number],
                    isNegated: sign == 1
                )
            )
        }
        return outputs
    }

    /// The tables, which are the rest of the file.
    func tables(sizes: Int, count: Int) throws(FirmwareError) -> [[Int32]] {
        var start = sizes + count
        var tables: [[Int32]] = []
        for number in 0..<count {
            let size = words[sizes + number]
            guard (1...max(1, words.count - start)).contains(size), start < words.count else {
                throw FirmwareError(
                    "\(file): table \(number)",
                    found: "\(size) elements",
                    allowed: "1 to the \(words.count - start) that are left in the file"
                )
            }
            tables.append(words[start..<start + size].map { Int32(truncatingIfNeeded: $0) })
            start += size
        }
        guard start == words.count else {
            throw FirmwareError(
                file,
                found: "\(words.count - start) words after the program",
                allowed: "none"
            )
        }
        return tables
    }

    /// The format of an operation's value.
    func format(_ index: Int, at place: Int) throws(FirmwareError) -> DAISFormat {
        let (sign, integer, fraction) = (words[place], words[place + 1], words[place + 2])
        let point = -DAISListing.furthest...DAISListing.furthest
        guard sign == 0 || sign == 1, point.contains(integer), point.contains(fraction),
            (0...DAISListing.maximumWidth).contains(sign + integer + fraction)
        else {
            throw FirmwareError(
                "\(file): format of operation \(index)",
                found: "sign \(sign), \(integer) and \(fraction) bits",
                allowed:
                    "sign 0 or 1, points within \(DAISListing.furthest), 0 to \(DAISListing.maximumWidth) bits in all"
            )
        }
        return DAISFormat(isSigned: sign == 1, integerBits: integer, fractionBits: fraction)
    }

    /// One operation without its format.
    func operation(_ index: Int, at place: Int) throws(FirmwareError) -> DAISOperation {
        let code = words[place]
        let low = words[place + 3]
        let high = words[place + 4]
        let first = { () throws(FirmwareError) in try self.operand(place + 1, index, "first") }
        let second = { () throws(FirmwareError) in try self.operand(place + 2, index, "second") }
        let data = Int64(high) << 32 | (Int64(low) & 0xFFFF_FFFF)
        let shiftPlace = "\(file): shift of operation \(index)"
        switch code {
        case -1:
            let inputPlace = "\(file): input of operation \(index)"
            return .input(try limited(words[place + 1], inputCount, inputPlace))
        case 0, 1:
            // The shift is a number of 64 bits.
            let shift = try shift(Int(data), shiftPlace)
            return .sum(try first(), try second(), shift: shift, isDifference: code == 1)
        case 2, -2: return .rectify(try first(), isNegated: code < 0)
        case 3, -3: return .quantize(try first(), isNegated: code < 0)
        case 4: return .addConstant(try first(), data)
        case 5: return .constant(data)
        case 6, -6:
            return .select(
                key: try operand(place + 3, index, "key"),
                try first(),
                try second(),
                shift: try shift(high, shiftPlace),
                isNegated: code < 0
            )
        case 7: return .multiply(try first(), try second())
        case 8:
            let table = try limited(low, tableCount, "\(file): table of operation \(index)")
            return .lookup(try first(), table: table, padding: high)
        case 9, -9: return try unary(low, try first(), isNegated: code < 0, index)
        case 10:
            guard let kind = DAISOperation.Bitwise(rawValue: Int(UInt64(bitPattern: data) >> 56))
            else {
                throw FirmwareError(
                    "\(file): operation \(index)",
                    found: "the bitwise kind \(UInt64(bitPattern: data) >> 56)",
                    allowed: "0 (and), 1 (or) or 2 (xor)"
                )
            }
            return .bitwise(
                kind,
                try first(),
                try second(),
                shift: try shift(low, shiftPlace),
                isFirstNegated: high & 1 != 0,
                isSecondNegated: high & 2 != 0
            )
        default:
            throw FirmwareError(
                "\(file): operation \(index)",
                found: "the code \(code)",
                allowed: "-1 to 10, -2, -3, -6 and -9: those of da4ml 0.6.0"
            )
        }
    }

    private func unary(
        _ kind: Int,
        _ operand: Int,
        isNegated: Bool,
        _ index: Int
    ) throws(FirmwareError) -> DAISOperation {
        switch kind {
        case 0: return .invert(operand, isNegated: isNegated)
        case 1: return .anyBit(operand)
        case 2: return .allBits(operand, isNegated: isNegated)
        default:
            throw FirmwareError(
                "\(file): operation \(index)",
                found: "the unary kind \(kind)",
                allowed: "0 (not), 1 (any) or 2 (all)"
            )
        }
    }

    /// An earlier operation.
    private func operand(
        _ place: Int,
        _ index: Int,
        _ which: String
    ) throws(FirmwareError) -> Int {
        guard (0..<index).contains(words[place]) else {
            throw FirmwareError(
                "\(file): \(which) operand of operation \(index)",
                found: "\(words[place])",
                allowed: "an earlier operation"
            )
        }
        return words[place]
    }

    private func limited(
        _ value: Int,
        _ count: Int,
        _ place: String
    ) throws(FirmwareError) -> Int {
        guard (0..<count).contains(value) else {
            throw FirmwareError(place, found: "\(value)", allowed: "below \(count)")
        }
        return value
    }

    private func shift(_ value: Int, _ place: String) throws(FirmwareError) -> Int {
        guard (-DAISListing.furthest...DAISListing.furthest).contains(value) else {
            throw FirmwareError(
                place,
                found: "\(value)",
                allowed: "-\(DAISListing.furthest) to \(DAISListing.furthest)"
            )
        }
        return value
    }
}
