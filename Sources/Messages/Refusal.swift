/// Why a request got no answer, in words that its sender can act on.
public struct Refusal: Error, Sendable, Equatable, CustomStringConvertible {
    /// What kind of reason.
    public let code: Code
    /// What was found and what is allowed.
    public let message: String
    /// The field at fault, as "inputs[0].shape".
    public let field: String?
    /// The first row at fault.
    public let row: Int?
    /// After this long the same request may be sent again.
    public let retryAfterMicroseconds: UInt64?
    /// Names near one that was not found.
    public let near: [String]

    /// A refusal; `code` is never `ok`.
    public init(
        _ code: Code,
        _ message: String,
        field: String? = nil,
        row: Int? = nil,
        retryAfterMicroseconds: UInt64? = nil,
        near: [String] = []
    ) {
        precondition(code != .ok)
        self.code = code
        self.message = message
        self.field = field
        self.row = row
        self.retryAfterMicroseconds = retryAfterMicroseconds
        self.near = near
    }

    /// One line.
    public var description: String {
        var text = "\(code.name): \(message)"
        if let field { text += " (field \(field))" }
        if let row { text += " (row \(row))" }
        if !near.isEmpty { text += "; near: \(near.joined(separator: ", "))" }
        return text
    }
}
