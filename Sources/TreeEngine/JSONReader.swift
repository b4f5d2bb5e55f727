/// Reads JSON front to back from bytes, knowing at each moment the key path it stands at.
///
/// It exists beside JSONDecoder for three reasons: numbers go straight to Float, correctly rounded
/// once (through Double they would be rounded twice); `NaN` and `Infinity`, which XGBoost writes,
/// are numbers; and a refusal names the place. Every byte is checked before it is believed: no
/// input traps. Values nobody asks for are skipped, yet must be JSON.
struct JSONReader {
    /// One step of the key path.
    enum Step {
        case key(String)
        case index(Int)
    }

    let bytes: [UInt8]
    var position = 0
    var path: [Step] = []

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// The byte at the position; nil at the end.
    var current: UInt8? {
        position < bytes.count ? bytes[position] : nil
    }

    /// The key path in words; the whole file is `file`.
    var place: String {
        guard !path.isEmpty else { return "file" }
        var text = ""
        for step in path {
            switch step {
            case .key(let key):
                let plain = key.utf8.count <= 60 && key.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
                text += (text.isEmpty ? "" : ".") + (plain ? key : TreeModelError.quote(key))
            case .index(let index):
                text += "[\(index)]"
            }
        }
        return text
    }

    /// A refusal that quotes what stands at the position.
    func unexpected(_ allowed: String) -> TreeModelError {
        guard let byte = current else {
            return .malformed(path: place, found: "the end of the file", allowed: allowed)
        }
        let printable = byte > 0x20 && byte < 0x7F
        let shown = printable ? "'\(Character(Unicode.Scalar(byte)))'" : "byte \(byte)"
        return .malformed(path: place, found: "\(shown) at byte \(position)", allowed: allowed)
    }

    /// Passes over white space.
    mutating func skipSpace() {
        while let byte = current, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
            position += 1
        }
    }

    /// Passes over white space and `byte`, if that is what comes next.
    mutating func take(_ byte: UInt8) -> Bool {
        skipSpace()
        guard current == byte else { return false }
        position += 1
        return true
    }

    /// Passes over white space and `byte`, or refuses.
    mutating func expect(_ byte: UInt8, _ allowed: String) throws(TreeModelError) {
        guard take(byte) else { throw unexpected(allowed) }
    }

    /// Reads an object; `field` must read or skip exactly one value for each key.
    mutating func object(
        _ field: (inout JSONReader, String) throws(TreeModelError) -> Void
    ) throws(TreeModelError) {
        try expect(UInt8(ascii: "{"), "an object")
        guard !take(UInt8(ascii: "}")) else { return }
        repeat {
            let key = try string()
            try expect(UInt8(ascii: ":"), "':' after a key")
            try enter(.key(key))
            try field(&self, key)
            path.removeLast()
        } while take(UInt8(ascii: ","))
        try expect(UInt8(ascii: "}"), "',' or '}' in an object")
    }

    /// Reads an array; `element` must read or skip exactly one value for each index.
    mutating func array(
        _ element: (inout JSONReader, Int) throws(TreeModelError) -> Void
    ) throws(TreeModelError) {
        try expect(UInt8(ascii: "["), "an array")
        guard !take(UInt8(ascii: "]")) else { return }
        var index = 0
        repeat {
            try enter(.index(index))
            try element(&self, index)
            path.removeLast()
            index += 1
        } while take(UInt8(ascii: ","))
        try expect(UInt8(ascii: "]"), "',' or ']' in an array")
    }

    /// Reads past one value of any kind.
    mutating func skipValue() throws(TreeModelError) {
        skipSpace()
        switch current {
        case UInt8(ascii: "{"):
            try object { (reader, _) throws(TreeModelError) in try reader.skipValue() }
        case UInt8(ascii: "["):
            try array { (reader, _) throws(TreeModelError) in try reader.skipValue() }
        case UInt8(ascii: "\""):
            _ = try skipString()
        case UInt8(ascii: "t"), UInt8(ascii: "f"):
            _ = try boolean()
        case UInt8(ascii: "n"):
            guard takeWord("null") else { throw unexpected("a JSON value") }
        default:
            _ = try numberText()
        }
    }

    /// Makes sure that nothing but white space is left.
    mutating func end() throws(TreeModelError) {
        skipSpace()
        guard current == nil else { throw unexpected("nothing after the top object") }
    }

    private mutating func enter(_ step: Step) throws(TreeModelError) {
        guard path.count < TreeLimits.nesting else {
            throw .overLimit(
                path: place + " (nesting)",
                found: path.count + 1,
                limit: TreeLimits.nesting
            )
        }
        path.append(step)
    }
}
