/// Whether a card answers, and when one that was lost is tried again.
///
/// A state machine without a clock: times are nanoseconds of any one.
struct CardState: Sendable, Equatable {
    /// Wait before a lost card is tried for the first time; it doubles with every failure.
    static let firstDelay: UInt64 = 1_000_000_000
    /// Longest wait, and how long a card must serve to be waited for shortly again.
    static let longestDelay: UInt64 = 60_000_000_000

    /// Why the card does not answer, or nil while it does.
    private(set) var reason: String?
    /// When it is tried again; nil while it answers.
    private(set) var retryTime: UInt64?
    private var delay = Self.firstDelay
    private var servingSince: UInt64

    /// A card that answers since `now`, or, with a `reason`, does not.
    init(now: UInt64, reason: String? = nil) {
        servingSince = now
        if let reason { lose(reason, now: now) }
    }

    /// Whether the card answers.
    var isServing: Bool { retryTime == nil }

    /// The card failed, serving or tried again; false if it was known not to answer.
    @discardableResult
    mutating func lose(_ reason: String, now: UInt64) -> Bool {
        let wasServing = isServing
        if wasServing, now - min(now, servingSince) >= Self.longestDelay {
            delay = Self.firstDelay
        }
        self.reason = reason
        retryTime = now + delay
        delay = min(delay * 2, Self.longestDelay)
        return wasServing
    }

    /// The card answers again.
    mutating func recover(now: UInt64) {
        reason = nil
        retryTime = nil
        servingSince = now
    }
}
