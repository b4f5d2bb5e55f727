/// Reads JSON (RFC 8259) as strictly as our own files deserve: a repeated key, a number that is not
/// finite, a lone surrogate, nesting past a limit and anything after the value are refused, each with
/// its byte offset.
///
/// JSONDecoder takes the last of repeated keys and tells no offset, hence a reader of our own; it
/// needs no Foundation either.
package struct JSONReader {
    private let bytes: [UInt8]
    private let limits: JSONLimits
    private var offset = 0

    /// The one value in `bytes`.
    ///
    /// Refuses, never traps.
    package static func value(
        of bytes: [UInt8],
        limits: JSONLimits
    ) throws(ContentError) -> JSONValue {
        guard bytes.count <= limits.bytes else {
            throw ContentError(
                "file",
                found: "\(bytes.count) bytes",
                allowed: "at most \(limits.bytes)"
            )
        }
        var reader = JSONReader(bytes: bytes, limits: limits)
        let value = try reader.value(depth: 0)
        reader.skipBlanks()
        guard reader.offset == bytes.count else { throw reader.refusal("the end of the file") }
        return value
    }

    private init(bytes: [UInt8], limits: JSONLimits) {
        self.bytes = bytes
        self.limits = limits
    }

    private mutating func value(depth: Int) throws(ContentError) -> JSONValue {
        guard depth < limits.depth else {
            throw refusal("nesting of at most \(limits.depth)")
        }
        skipBlanks()
        switch next {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return .number(try number())
        }
    }

    private mutating func object(depth: Int) throws(ContentError) -> JSONValue {
        offset += 1
        var members: [String: JSONValue] = [:]
        skipBlanks()
        if take("}") { return .object(members) }
        repeat {
            skipBlanks()
            guard next == UInt8(ascii: "\"") else { throw refusal("a key") }
            let start = offset
            let key = try string()
            skipBlanks()
            guard take(":") else { throw refusal("':'") }
            let value = try value(depth: depth + 1)
            guard members.updateValue(value, forKey: key) == nil else {
                throw ContentError(
                    "JSON at byte \(start)",
                    found: "\"\(key)\" again",
                    allowed: "each key once"
                )
            }
            skipBlanks()
        } while take(",")
        guard take("}") else { throw refusal("',' or '}'") }
        return .object(members)
    }

    private mutating func array(depth: Int) throws(ContentError) -> JSONValue {
        offset += 1
        var numbers: [Double] = []
        var others: [JSONValue]?
        skipBlanks()
        if take("]") { return .array([]) }
        repeat {
            let value = try value(depth: depth + 1)
            if others == nil, case .number(let number) = value {
                numbers.append(number)
            } else {
                if others == nil { others = numbers.map { .number($0) } }
                others?.append(value)
            }
            skipBlanks()
        } while take(",")
        guard take("]") else { throw refusal("',' or ']'") }
        return others.map { .array($0) } ?? .numbers(numbers)
    }

    private mutating func word(
        _ word: String,
        _ value: JSONValue
    ) throws(ContentError) -> JSONValue {
        guard takeWord(word) else { throw refusal(word) }
        return value
    }

    private mutating func number() throws(ContentError) -> Double {
        let start = offset
        _ = take("-")
        if !take("0") { try digits() }
        if take(".") { try digits() }
        if take("e") || take("E") {
            if !take("+") { _ = take("-") }
            try digits()
        }
        let text = String(decoding: bytes[start..<offset], as: UTF8.self)
        guard let number = Double(text), number.isFinite else {
            throw ContentError("JSON at byte \(start)", found: text, allowed: "a finite number")
        }
        return number
    }

    private mutating func digits() throws(ContentError) {
        let start = offset
        while let byte = next, isDigit(byte) { offset += 1 }
        guard offset > start else { throw refusal("a JSON value") }
    }

    private func isDigit(_ byte: UInt8) -> Bool {
        byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
    }
}

extension JSONReader {
    private mutating func string() throws(ContentError) -> String {
        let start = offset
        offset += 1
        var text: [UInt8] = []
        while let byte = next, byte != UInt8(ascii: "\"") {
            guard byte >= 0x20 else { throw refusal("no control character in a string") }
            if byte == UInt8(ascii: "\\") {
                guard limits.takesEscapes else { throw refusal("no escape in a string") }
                offset += 1
                text.append(contentsOf: String(try escaped()).utf8)
            } else {
                offset += 1
                text.append(byte)
            }
        }
        guard take("\"") else { throw refusal("'\"'") }
        guard let string = String(validating: text, as: UTF8.self) else {
            throw ContentError("JSON at byte \(start)", found: "other bytes", allowed: "UTF-8")
        }
        return string
    }

    /// The character after a backslash.
    private mutating func escaped() throws(ContentError) -> Unicode.Scalar {
        let letter = next
        offset += 1
        switch letter {
        case UInt8(ascii: "\""): return "\""
        case UInt8(ascii: "\\"): return "\\"
        case UInt8(ascii: "/"): return "/"
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try unicodeEscape()
        default:
            offset -= 1
            throw refusal("an escape of RFC 8259")
        }
    }

    private mutating func unicodeEscape() throws(ContentError) -> Unicode.Scalar {
        let high = try fourHexDigits()
        if let scalar = Unicode.Scalar(high) { return scalar }
        guard high < 0xDC00, takeWord("\\u") else { throw refusal("a pair of surrogates") }
        let low = try fourHexDigits()
        guard (0xDC00..<0xE000).contains(low),
            let scalar = Unicode.Scalar(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00))
        else { throw refusal("a pair of surrogates") }
        return scalar
    }

    private mutating func fourHexDigits() throws(ContentError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = next, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw refusal("four hexadecimal digits")
            }
            value = value << 4 | UInt32(digit)
            offset += 1
        }
        return value
    }

    private var next: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    private mutating func skipBlanks() {
        while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
            offset += 1
        }
    }

    /// Steps over a character of ASCII if it comes next.
    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard next == UInt8(ascii: character) else { return false }
        offset += 1
        return true
    }

    /// Steps over `word` if it comes next.
    private mutating func takeWord(_ word: String) -> Bool {
        guard bytes[offset...].starts(with: word.utf8) else { return false }
        offset += word.utf8.count
        return true
    }

    private func refusal(_ allowed: String) -> ContentError {
        let found = next.map { "'\(Character(Unicode.Scalar($0)))'" } ?? "the end"
        return ContentError("JSON at byte \(offset)", found: found, allowed: allowed)
    }
}
