/// How a request ends.
///
/// Raw values are those of the wire protocol.
public enum Code: UInt8, Sendable, CaseIterable {
    case ok = 0
    case invalid = 1
    case notFound = 2
    case overloaded = 3
    case deadlineExceeded = 4
    case unavailable = 5
    case unauthenticated = 6
    case forbidden = 7
    case unsupported = 8
    case `internal` = 9

    /// Name on the wire, in metrics and in messages.
    public var name: String { Self.table[Int(rawValue)].name }
    /// The gRPC status code that says the same.
    public var grpc: Int { Self.table[Int(rawValue)].grpc }
    /// The HTTP status code that says the same.
    public var http: Int { Self.table[Int(rawValue)].http }
    /// Whether the same request may be sent again, here or elsewhere: it was not
    /// scored, and the reason may pass.
    public var isRetryable: Bool { self == .overloaded || self == .unavailable }

    private static let table: [(name: String, grpc: Int, http: Int)] = [
        ("OK", 0, 200),
        ("INVALID", 3, 400),
        ("NOT_FOUND", 5, 404),
        ("OVERLOADED", 8, 429),
        ("DEADLINE_EXCEEDED", 4, 504),
        ("UNAVAILABLE", 14, 503),
        ("UNAUTHENTICATED", 16, 401),
        ("FORBIDDEN", 7, 403),
        ("UNSUPPORTED", 12, 501),
        ("INTERNAL", 13, 500),
    ]
}
