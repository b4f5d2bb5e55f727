public import Execution

/// Why firmware was refused: which file and key, what was found there and what is allowed.
///
/// Text quoted from a file is shortened and stripped of control characters, so a description is
/// always one printable line.
public struct FirmwareError: Error, Sendable, Equatable, CustomStringConvertible {
    /// File and key, as "firmware.json: outputs[0].ports[2].fraction".
    public let place: String
    /// What was there.
    public let found: String
    /// What would have been right.
    public let allowed: String

    init(_ place: String, found: String, allowed: String) {
        self.place = place
        self.found = found
        self.allowed = allowed
    }

    /// One line.
    public var description: String { "\(place): found \(found), allowed is \(allowed)" }

    /// The same, as an engine reports it.
    public var failure: EngineFailure { EngineFailure(call: "firmware", message: description) }

    /// Longest text that is quoted from a file.
    private static let quotedScalars = 60

    /// Text from a file made fit for a message.
    static func quote(_ text: String) -> String {
        var quoted = ""
        for scalar in text.unicodeScalars.prefix(quotedScalars) {
            let isPrintable = scalar.value >= 0x20 && scalar.properties.generalCategory != .control
            quoted.unicodeScalars.append(isPrintable ? scalar : "\u{FFFD}")
        }
        return "\"\(quoted)\(text.unicodeScalars.count > quotedScalars ? "…" : "")\""
    }
}
