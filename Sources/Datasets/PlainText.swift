/// Text from outside, made safe for one line of a terminal or a log.
public enum PlainText {
    /// The same text; what moves a cursor, breaks the line or cannot be seen becomes `\u{...}`.
    public static func of(_ text: String) -> String {
        var line = ""
        for scalar in text.unicodeScalars {
            if isPrintable(scalar) {
                line.unicodeScalars.append(scalar)
            } else {
                line += "\\u{\(String(scalar.value, radix: 16))}"
            }
        }
        return line
    }

    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator,
            .paragraphSeparator:
            false
        case .spaceSeparator: scalar == " "
        default: true
        }
    }
}
