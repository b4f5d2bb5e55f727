/// Writes JSON for people and machines alike: members in the order given, short arrays on one line,
/// long ones wrapped, never one number a line.
///
/// Public for its loops over numbers to be inlinable: of what is the package's no body is exported.
public struct JSONWriter {
    package private(set) var bytes: [UInt8] = []
    private var depth = 0
    private var isFirst = true
    /// Where the line of numbers began, in bytes.
    private var lineStart = 0

    /// An empty text.
    package init() {}

    /// Where a line of numbers is wrapped, in bytes.
    private static let lineLength = 100

    /// An object as the next element, or as the whole text.
    package mutating func object(_ members: (inout JSONWriter) -> Void) {
        element()
        nested("{", "}", members)
    }

    package mutating func object(_ key: String, _ members: (inout JSONWriter) -> Void) {
        name(key)
        nested("{", "}", members)
    }

    package mutating func array(_ key: String, _ elements: (inout JSONWriter) -> Void) {
        name(key)
        nested("[", "]", elements)
    }

    package mutating func text(_ key: String, _ value: String) {
        name(key)
        quoted(value)
    }

    package mutating func integer(_ key: String, _ value: Int) {
        name(key)
        raw(String(value))
    }

    package mutating func number(_ key: String, _ value: Double) {
        name(key)
        raw(NumberText.of(value))
    }

    /// An array of strings as a member.
    package mutating func texts(_ key: String, _ values: [String]) {
        array(key) { list in
            for value in values {
                list.element()
                list.quoted(value)
            }
        }
    }

    /// An array of numbers as a member; each number is text already.
    ///
    /// Inlinable, as the next, for the loop to be compiled for its sequence.
    @inlinable public mutating func numbers(_ key: String, _ values: some Sequence<String>) {
        openNumbers(key)
        for value in values { append(number: value) }
        closeNumbers()
    }

    /// An array of numbers as the next element.
    @inlinable public mutating func numbers(_ values: some Sequence<String>) {
        openNumbers()
        for value in values { append(number: value) }
        closeNumbers()
    }

    @usableFromInline mutating func openNumbers(_ key: String? = nil) {
        if let key { name(key) } else { element() }
        raw("[")
        lineStart = bytes.count
        isFirst = true
    }

    @usableFromInline mutating func append(number: String) {
        if !isFirst { raw(",") }
        if bytes.count - lineStart + number.utf8.count > Self.lineLength {
            newLine()
            lineStart = bytes.count
        } else if !isFirst {
            raw(" ")
        }
        raw(number)
        isFirst = false
    }

    @usableFromInline mutating func closeNumbers() {
        raw("]")
        isFirst = false
    }

    private mutating func nested(
        _ open: String,
        _ close: String,
        _ content: (inout JSONWriter) -> Void
    ) {
        raw(open)
        depth += 1
        isFirst = true
        content(&self)
        depth -= 1
        if !isFirst { newLine() }
        raw(close)
        isFirst = false
    }

    private mutating func name(_ key: String) {
        element()
        quoted(key)
        raw(": ")
    }

    private mutating func element() {
        if !isFirst { raw(",") }
        if depth > 0 { newLine() }
        isFirst = false
    }

    private mutating func newLine() {
        raw("\n")
        bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: 2 * depth))
    }

    private mutating func quoted(_ text: String) {
        raw("\"")
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\":
                raw("\\")
                bytes.append(UInt8(ascii: scalar))
            case "\u{0}"..<" ":
                let code = String(scalar.value, radix: 16)
                raw("\\u" + String(repeating: "0", count: 4 - code.count) + code)
            default:
                bytes.append(contentsOf: String(scalar).utf8)
            }
        }
        raw("\"")
    }

    private mutating func raw(_ text: String) { bytes.append(contentsOf: text.utf8) }
}
