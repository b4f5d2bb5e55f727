public import Messages

/// Why a call has no answer.
public enum ClientError: Error, Sendable, CustomStringConvertible {
    /// The daemon said no, and saying it again would not help or did not.
    case refusal(Refusal)
    /// No reply came in time; how often and where it was tried.
    case noReply(String)
    /// The client's own library or its arguments failed.
    case failure(String)
    /// The client was closed.
    case closed

    /// One line.
    public var description: String {
        switch self {
        case .refusal(let refusal): refusal.description
        case .noReply(let text): "no reply: \(text)"
        case .failure(let text): text
        case .closed: "the client is closed"
        }
    }
}
