/// What the bytes of a file must be before they are parsed.
enum YAMLText {
    /// The text of a file.
    ///
    /// - Throws: For bytes that are not UTF-8, control characters, and words that YAML reads as
    ///   anchors or aliases: a few lines of those unfold to more than any memory.
    static func read(_ bytes: [UInt8], file: String) throws(YAMLError) -> String {
        var line = 1
        var isComment = false
        var isBlank = true
        var previous = UInt8(ascii: "\n")
        for (index, byte) in bytes.enumerated() {
            if byte == UInt8(ascii: "\n") {
                line += 1
                isBlank = true
                isComment = false
            } else if byte < 32 && byte != UInt8(ascii: "\t") && byte != UInt8(ascii: "\r")
                || byte == 127
            {
                throw YAMLError(
                    file: file,
                    line: line,
                    key: "",
                    message: "found the control character \(byte), allowed is text"
                )
            } else if byte == UInt8(ascii: "#"), isBlank {
                isComment = true
            } else if !isComment, startsAlias(byte, after: previous, before: bytes[safe: index + 1])
            {
                throw YAMLError(
                    file: file,
                    line: line,
                    key: "",
                    message:
                        "found a word that begins with \(Character(Unicode.Scalar(byte))), anchors and aliases are not allowed"
                )
            }
            if !isSpace(byte) { isBlank = false }
            previous = byte
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw YAMLError(
                file: file,
                line: 1 + prefixLines(bytes),
                key: "",
                message: "found bytes that are not UTF-8"
            )
        }
        return text
    }

    private static func startsAlias(_ byte: UInt8, after previous: UInt8, before next: UInt8?)
        -> Bool
    {
        guard byte == UInt8(ascii: "*") || byte == UInt8(ascii: "&") else { return false }
        let opens: [UInt8] = [UInt8(ascii: "["), UInt8(ascii: "{"), UInt8(ascii: ",")]
        guard isSpace(previous) || opens.contains(previous) else { return false }
        return next.map { !isSpace($0) } ?? false
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        [UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"), UInt8(ascii: "\n")]
            .contains(byte)
    }

    /// Lines before the first byte that is not UTF-8.
    private static func prefixLines(_ bytes: [UInt8]) -> Int {
        var lines = 0
        for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            if String(validating: line, as: UTF8.self) == nil { return lines }
            lines += 1
        }
        return lines
    }
}

extension Array {
    fileprivate subscript(safe index: Int) -> Element? {
        indices.contains(index) ? self[index] : nil
    }
}

extension String {
    /// The same on one line: control characters written as escapes.
    public var onOneLine: String {
        var line = ""
        for scalar in unicodeScalars {
            switch scalar {
            case "\n": line += "\\n"
            case "\r": line += "\\r"
            case "\t": line += "\\t"
            case _ where scalar.properties.generalCategory == .control,
                "\u{2028}", "\u{2029}":
                line += "\\u{\(String(scalar.value, radix: 16))}"
            default: line.unicodeScalars.append(scalar)
            }
        }
        return line
    }
}
