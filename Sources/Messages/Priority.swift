/// Who goes first.
///
/// Raw values are those of the wire protocol.
public enum Priority: UInt8, Sendable, CaseIterable {
    case trigger = 1
    case standard = 2
    case bulk = 3

    /// Name on the wire and in metrics.
    public var name: String {
        switch self {
        case .trigger: "TRIGGER"
        case .standard: "STANDARD"
        case .bulk: "BULK"
        }
    }

    /// Position in queues: 0 goes first.
    public var index: Int { Int(rawValue) - 1 }
}
