/// What one device of an engine has done so far.
public struct DeviceCounts: Sendable, Equatable {
    /// Rows that it answered, padding among them.
    public var rows = 0
    /// Calls that failed, by the call's name, in its order.
    public var failures: [(call: String, count: Int)] = []
    /// The device's own clocks that its runs took; nil where it counts none.
    public var clocks: UInt64?

    /// Nothing done.
    public init() {}

    /// Whether both counted the same.
    public static func == (left: Self, right: Self) -> Bool {
        left.rows == right.rows && left.clocks == right.clocks
            && left.failures.elementsEqual(right.failures, by: ==)
    }
}
