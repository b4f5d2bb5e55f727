internal import Glibc

/// A bet that events are not exchangeable with a reference, whose capital large values refute it by.
///
/// The simple jumper (Vovk, Petej, Nouretdinov, Ahlberg, Carlsson, Gammerman, COPA 2021): three
/// gamblers bet on p-values being small, large, or neither, and a share of all capital is dealt out
/// anew at each step. If p-values are uniform and independent, the capital ever reaches C with a
/// chance of at most 1/C (Ville), however long one looks: a slow alarm that does not cry wolf.
public struct ExchangeabilityMartingale: Equatable, Sendable {
    /// Share that is dealt out anew at each step.
    public static let jump = 0.01
    /// Shares of the capital held by the gambler on small, on no, and on large p-values.
    private var shares = (small: 1.0 / 3, none: 1.0 / 3, large: 1.0 / 3)
    /// Natural logarithm of all capital; it began as 1.
    public private(set) var logCapital = 0.0
    /// The largest it ever was.
    public private(set) var largestLogCapital = 0.0
    /// p-values so far.
    public private(set) var events = 0

    /// Begins with a capital of 1.
    public init() {}

    /// Bets on one p-value in [0, 1].
    ///
    /// O(1), allocates nothing.
    public mutating func bet(_ pValue: Double) {
        precondition(pValue >= 0 && pValue <= 1, "a p-value")
        let dealt = Self.jump / 3
        let kept = 1 - Self.jump
        let edge = pValue - 0.5
        let small = (kept * shares.small + dealt) * (1 - edge)
        let none = kept * shares.none + dealt
        let large = (kept * shares.large + dealt) * (1 + edge)
        let all = small + none + large
        shares = (small / all, none / all, large / all)
        logCapital += log(all)
        largestLogCapital = max(largestLogCapital, logCapital)
        events += 1
    }

    /// Whether the capital ever reached 1/`chance`: so rare would that be without a shift.
    public func isAlarm(chance: Double) -> Bool { largestLogCapital >= -log(chance) }

    /// Equal in all numbers.
    public static func == (left: Self, right: Self) -> Bool {
        left.shares == right.shares && left.logCapital == right.logCapital
            && left.largestLogCapital == right.largestLogCapital && left.events == right.events
    }
}
