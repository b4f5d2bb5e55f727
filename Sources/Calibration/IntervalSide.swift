/// Which ends an interval has.
public enum IntervalSide: String, Codable, Sendable, CaseIterable {
    /// Both: the truth lies between them as often as asked.
    case both
    /// Only the upper one, a limit that the truth does not exceed as often as asked.
    case upper
    /// Only the lower one, a limit that the truth does not fall below as often as asked.
    case lower
}
