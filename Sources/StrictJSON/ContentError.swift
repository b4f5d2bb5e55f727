/// Why something from outside was refused: what, what was found there, and what is allowed.
public struct ContentError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The thing at fault: a key path as "outputs[0].interval.scores[3][17]", or an argument.
    public let what: String
    /// What was found there.
    public let found: String
    /// What may be there.
    public let allowed: String

    /// The longest part quoted, in Unicode scalars; a hostile file must not fill the log.
    private static let longestQuote = 240

    /// Text from outside is made safe for one line of log: shortened, control characters replaced.
    public init(_ what: String, found: String, allowed: String) {
        self.what = Self.oneLine(what)
        self.found = Self.oneLine(found)
        self.allowed = Self.oneLine(allowed)
    }

    /// One line.
    public var description: String { "\(what): found \(found), allowed: \(allowed)" }

    private static func oneLine(_ text: String) -> String {
        var line = String.UnicodeScalarView()
        for scalar in text.unicodeScalars.prefix(longestQuote) {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator: line.append("?")
            default: line.append(scalar)
            }
        }
        if text.unicodeScalars.count > longestQuote {
            line.append(contentsOf: "...".unicodeScalars)
        }
        return String(line)
    }
}
