/// Strings, numbers and booleans.
extension JSONReader {
    /// Reads a string of at most `TreeLimits.textBytes`.
    mutating func string() throws(TreeModelError) -> String {
        skipSpace()
        let (range, escaped) = try skipString()
        guard range.count <= TreeLimits.textBytes else {
            throw .overLimit(path: place, found: range.count, limit: TreeLimits.textBytes)
        }
        let text = escaped ? try unescaped(range) : String(validating: bytes[range], as: UTF8.self)
        guard let text else {
            throw .malformed(path: place, found: "a string that is not UTF-8", allowed: "UTF-8")
        }
        return text
    }

    /// Reads past a string; says where its contents lie and whether they hold a backslash.
    mutating func skipString() throws(TreeModelError) -> (contents: Range<Int>, escaped: Bool) {
        guard current == UInt8(ascii: "\"") else { throw unexpected("a string") }
        position += 1
        let start = position
        var escaped = false
        while let byte = current, byte >= 0x20 {
            if byte == UInt8(ascii: "\"") {
                position += 1
                return (start..<position - 1, escaped)
            }
            if byte == UInt8(ascii: "\\") {
                escaped = true
                position += 1
            }
            position += 1
        }
        throw unexpected("a closing '\"'")
    }

    /// Reads a number and rounds it once, to the nearest Float; `NaN` and `±Infinity` are read too.
    mutating func float() throws(TreeModelError) -> Float {
        let range = try numberText()
        let text = String(decoding: bytes[range], as: UTF8.self)
        switch text {
        case "NaN": return .nan
        case "Infinity": return .infinity
        case "-Infinity": return -.infinity
        default:
            guard let value = Float(text) else {
                throw .malformed(
                    path: place,
                    found: TreeModelError.quote(text),
                    allowed: "a number"
                )
            }
            return value
        }
    }

    /// Reads a finite number as the nearest Double.
    mutating func double() throws(TreeModelError) -> Double {
        let range = try numberText()
        let text = String(decoding: bytes[range], as: UTF8.self)
        guard let value = Double(text), value.isFinite else {
            throw .malformed(
                path: place,
                found: TreeModelError.quote(text),
                allowed: "a finite number"
            )
        }
        return value
    }

    /// Reads a whole number that fits 32 bits.
    mutating func integer() throws(TreeModelError) -> Int32 {
        let range = try numberText()
        let text = String(decoding: bytes[range], as: UTF8.self)
        guard let value = Int32(text) else {
            throw .malformed(
                path: place,
                found: TreeModelError.quote(text),
                allowed: "a 32-bit whole number"
            )
        }
        return value
    }

    /// Reads `true` or `false`.
    mutating func boolean() throws(TreeModelError) -> Bool {
        skipSpace()
        if takeWord("true") { return true }
        if takeWord("false") { return false }
        throw unexpected("true or false")
    }

    /// Passes over `word` if it comes next.
    mutating func takeWord(_ word: StaticString) -> Bool {
        let count = word.utf8CodeUnitCount
        guard bytes.count - position >= count else { return false }
        let matches = word.withUTF8Buffer { letters in
            unsafe bytes[position..<position + count].elementsEqual(letters)
        }
        if matches { position += count }
        return matches
    }

    /// Reads past a number by JSON's grammar and says where it lies.
    mutating func numberText() throws(TreeModelError) -> Range<Int> {
        skipSpace()
        let start = position
        if takeWord("NaN") { return start..<position }
        if current == UInt8(ascii: "-") { position += 1 }
        if takeWord("Infinity") { return start..<position }
        let wholeStart = position
        try digits()
        if bytes[wholeStart] == UInt8(ascii: "0"), position - wholeStart > 1 {
            position = wholeStart
            throw unexpected("a number without a leading zero")
        }
        if current == UInt8(ascii: ".") {
            position += 1
            try digits()
        }
        if current == UInt8(ascii: "e") || current == UInt8(ascii: "E") {
            position += 1
            if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { position += 1 }
            try digits()
        }
        return start..<position
    }

    /// Reads past one or more digits.
    private mutating func digits() throws(TreeModelError) {
        let start = position
        while let byte = current, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") {
            position += 1
        }
        guard position > start else { throw unexpected("a JSON value") }
    }

    /// The contents of a string with its escapes replaced; nil where the result is not UTF-8.
    private func unescaped(_ range: Range<Int>) throws(TreeModelError) -> String? {
        var units: [UInt16] = []
        var plainStart = range.lowerBound
        var at = range.lowerBound
        while at < range.upperBound {
            guard bytes[at] == UInt8(ascii: "\\") else {
                at += 1
                continue
            }
            guard let plain = String(validating: bytes[plainStart..<at], as: UTF8.self),
                let (unit, length) = escape(at: at + 1, before: range.upperBound)
            else {
                throw .malformed(
                    path: place,
                    found: "a bad escape in a string",
                    allowed: "JSON escapes"
                )
            }
            units.append(contentsOf: plain.utf16)
            units.append(unit)
            at += 1 + length
            plainStart = at
        }
        guard let rest = String(validating: bytes[plainStart..<range.upperBound], as: UTF8.self)
        else { return nil }
        units.append(contentsOf: rest.utf16)
        return String(validating: units, as: UTF16.self)
    }

    /// The UTF-16 unit that the escape after a backslash stands for, and its length in bytes.
    private func escape(at: Int, before end: Int) -> (unit: UInt16, length: Int)? {
        guard at < end else { return nil }
        switch bytes[at] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return (.init(bytes[at]), 1)
        case UInt8(ascii: "b"): return (0x08, 1)
        case UInt8(ascii: "f"): return (0x0C, 1)
        case UInt8(ascii: "n"): return (0x0A, 1)
        case UInt8(ascii: "r"): return (0x0D, 1)
        case UInt8(ascii: "t"): return (0x09, 1)
        case UInt8(ascii: "u"):
            guard end - at >= 5, bytes[at + 1] != UInt8(ascii: "+"),
                let unit = UInt16(
                    String(decoding: bytes[at + 1..<at + 5], as: UTF8.self),
                    radix: 16
                )
            else { return nil }
            return (unit, 5)
        default: return nil
        }
    }
}
