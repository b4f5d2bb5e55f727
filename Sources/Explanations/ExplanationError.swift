/// Why an event could not be explained: what, what was found there, and what is allowed.
public struct ExplanationError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The thing at fault: an argument as "groups[2]", or a row as "event 7, without group 3".
    public let what: String
    /// What was found there.
    public let found: String
    /// What may be there.
    public let allowed: String

    init(_ what: String, found: String, allowed: String) {
        self.what = what
        self.found = found
        self.allowed = allowed
    }

    /// One line.
    public var description: String { "\(what): found \(found), allowed: \(allowed)" }
}
