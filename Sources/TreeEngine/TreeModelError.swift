/// Why a tree model file was refused, and where in it.
///
/// `path` is the key path from the top of the file (`learner.gradient_booster.model.trees[3]`).
/// Text quoted from the file is shortened and stripped of control characters, so a description
/// is always one printable line.
public enum TreeModelError: Error, Equatable {
    /// The file is not JSON, or a value breaks a rule of the format.
    case malformed(path: String, found: String, allowed: String)
    /// A value that has to be there is not.
    case missing(path: String, allowed: String)
    /// The file is sound, but uses something this engine does not evaluate.
    case unsupported(path: String, found: String, allowed: String)
    /// A size is beyond one of the `TreeLimits`.
    case overLimit(path: String, found: Int, limit: Int)

    /// Text from a file made fit for a one-line message: printable, 60 characters at most.
    static func quote(_ text: some StringProtocol) -> String {
        var quoted = ""
        for scalar in text.unicodeScalars.prefix(60) {
            let printable = scalar.value >= 0x20 && scalar.properties.generalCategory != .control
            quoted.unicodeScalars.append(printable ? scalar : "\u{FFFD}")
        }
        return "\"\(quoted)\(text.unicodeScalars.count > 60 ? "…" : "")\""
    }
}

extension TreeModelError: CustomStringConvertible {
    /// One line for a log or a refusal.
    public var description: String {
        switch self {
        case .malformed(let path, let found, let allowed):
            "tree model: \(path) is malformed: found \(found), allowed is \(allowed)"
        case .missing(let path, let allowed):
            "tree model: \(path) is missing: found nothing, allowed is \(allowed)"
        case .unsupported(let path, let found, let allowed):
            "tree model: \(path) is not supported: found \(found), allowed is \(allowed)"
        case .overLimit(let path, let found, let limit):
            "tree model: \(path) is too large: found \(found), allowed is at most \(limit)"
        }
    }
}
