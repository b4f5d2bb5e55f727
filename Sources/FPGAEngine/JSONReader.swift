/// Reads JSON (RFC 8259) as strictly as a description of firmware deserves: a repeated key, nesting
/// past a limit, an escape in a string (none is needed here) and anything after the value are
/// refused, each with its byte offset.
struct JSONReader {
    /// Nesting that no description reaches; the reader recurses, so hostile input must not choose.
    private static let maximumDepth = 8

    private let bytes: [UInt8]
    private let file: String
    private var offset = 0

    /// The one value in `bytes` of `file`.
    ///
    /// Refuses, never traps.
    static func value(of bytes: [UInt8], file: String) throws(FirmwareError) -> JSONValue {
        var reader = JSONReader(bytes: bytes, file: file)
        let value = try reader.value(depth: 0)
        reader.skipBlanks()
        guard reader.next == nil else { throw reader.refusal("the end of the file") }
        return value
    }

    private init(bytes: [UInt8], file: String) {
        self.bytes = bytes
        self.file = file
    }

    private mutating func value(depth: Int) throws(FirmwareError) -> JSONValue {
        guard depth < Self.maximumDepth else {
            throw refusal("nesting of at most \(Self.maximumDepth)")
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

    private mutating func object(depth: Int) throws(FirmwareError) -> JSONValue {
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
                throw FirmwareError(
                    "\(file): JSON at byte \(start)",
                    found: "\(FirmwareError.quote(key)) again",
                    allowed: "each key once"
                )
            }
            skipBlanks()
        } while take(",")
        guard take("}") else { throw refusal("',' or '}'") }
        return .object(members)
    }

    private mutating func array(depth: Int) throws(FirmwareError) -> JSONValue {
        offset += 1
        var values: [JSONValue] = []
        skipBlanks()
        if take("]") { return .array(values) }
        repeat {
            values.append(try value(depth: depth + 1))
            skipBlanks()
        } while take(",")
        guard take("]") else { throw refusal("',' or ']'") }
        return .array(values)
    }

    private mutating func word(
        _ word: String,
        _ value: JSONValue
    ) throws(FirmwareError) -> JSONValue {
        guard bytes[offset...].starts(with: word.utf8) else { throw refusal(word) }
        offset += word.utf8.count
        return value
    }

    private mutating func number() throws(FirmwareError) -> Double {
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
            throw FirmwareError(
                "\(file): JSON at byte \(start)",
                found: FirmwareError.quote(text),
                allowed: "a finite number"
            )
        }
        return number
    }

    private mutating func digits() throws(FirmwareError) {
        let start = offset
        while let byte = next, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") { offset += 1 }
        guard offset > start else { throw refusal("a JSON value") }
    }

    private mutating func string() throws(FirmwareError) -> String {
        offset += 1
        let start = offset
        while let byte = next, byte != UInt8(ascii: "\"") {
            guard byte >= 0x20, byte != UInt8(ascii: "\\") else {
                throw refusal("a string without control characters and escapes")
            }
            offset += 1
        }
        let end = offset
        guard take("\"") else { throw refusal("'\"'") }
        guard let text = String(validating: bytes[start..<end], as: UTF8.self) else {
            throw FirmwareError(
                "\(file): JSON at byte \(start)",
                found: "other bytes",
                allowed: "UTF-8"
            )
        }
        return text
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

    private func refusal(_ allowed: String) -> FirmwareError {
        let found = next.map { FirmwareError.quote("\(Unicode.Scalar($0))") } ?? "the end"
        return FirmwareError("\(file): JSON at byte \(offset)", found: found, allowed: allowed)
    }
}
