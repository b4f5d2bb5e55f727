/// A condition of a path, laid out for testing many events side by side.
///
/// An event has two keys of each feature, see `EventKeys`: alike, except where the feature is
/// missing; then the first is below and the second above every threshold. A condition that a
/// missing value meets compares the second with its lower bound and the first with its upper one,
/// any other the other way around: no test for missing values is left.
struct PathCondition: BitwiseCopyable {
    /// The row of keys that must be at least `lower`.
    private let lowerSlot: Int32
    private let lower: Int32
    /// The row of keys that must be at most `upper`.
    private let upperSlot: Int32
    private let upper: Int32

    init(_ condition: LeafPath.Condition) {
        let first = Int32(condition.feature * FeatureKey.copies)
        lowerSlot = condition.allowsMissing ? first + 1 : first
        upperSlot = condition.allowsMissing ? first : first + 1
        lower = FeatureKey.signed(condition.lower)
        upper = FeatureKey.signed(condition.upper)
    }

    /// Whether event `row` of a block meets the condition.
    @inline(__always)
    func isMet(by row: Int, of keys: EventKeys) -> Bool {
        unsafe keys[lowerSlot][row] >= lower && keys[upperSlot][row] <= upper
    }

    /// Adds `bit` to the patterns of the events that meet the condition.
    ///
    /// The compiler makes vector instructions of the loop.
    @inline(__always)
    func mark(_ bit: UInt8, _ keys: EventKeys, in patterns: UnsafeMutablePointer<UInt8>) {
        let (lows, highs) = unsafe (keys[lowerSlot], keys[upperSlot])
        for row in unsafe 0..<keys.rows {
            let (low, high) = unsafe (lows[row], highs[row])
            unsafe patterns[row] |= (low >= lower ? bit : 0) & (high <= upper ? bit : 0)
        }
    }
}
