public import Execution
internal import StrictJSON

/// Why firmware was refused: which file and key, what was found there and what is allowed.
public struct FirmwareError: Error, Sendable, Equatable, CustomStringConvertible {
    private let content: ContentError

    /// `place` is file and key, as "program.dais: operation 3".
    init(_ place: String, found: String, allowed: String) {
        content = ContentError(place, found: found, allowed: allowed)
    }

    /// What was wrong in `file`.
    init(_ error: ContentError, file: String) {
        self.init("\(file): \(error.what)", found: error.found, allowed: error.allowed)
    }

    /// One line.
    public var description: String {
        "\(content.what): found \(content.found), allowed is \(content.allowed)"
    }

    /// The same, as an engine reports it.
    public var failure: EngineFailure { EngineFailure(call: "firmware", message: description) }
}
