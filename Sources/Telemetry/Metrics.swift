internal import Synchronization

/// A number that only grows.
public final class Counter: Sendable {
    private let total = Atomic<Int>(0)

    init() {}

    /// Adds `count`.
    ///
    /// Any thread, one relaxed atomic.
    @inline(__always)
    public func add(_ count: Int) { total.add(count, ordering: .relaxed) }

    /// The sum so far.
    public var value: Int { total.load(ordering: .relaxed) }
}

/// A number that goes up and down.
public final class Gauge: Sendable {
    private let bits = Atomic<UInt64>(0)

    init() {}

    /// Sets the value.
    ///
    /// Any thread.
    @inline(__always)
    public func set(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }

    /// The value last set.
    public var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }
}

/// Counts of values by size, in fixed buckets.
///
/// Recording is a search in some twenty bounds and two relaxed atomics: no lock, no allocation.
@safe
public final class Histogram: @unchecked Sendable {
    // Safe because bounds never change and counts are atomics.
    /// What recorded whole numbers count.
    public enum Unit: Sendable {
        /// Nanoseconds, shown as seconds.
        case seconds
        /// Things.
        case one
    }

    /// Upper bounds of latency buckets: 50 us to 10 s, in nanoseconds.
    public static let latencyBounds: [UInt64] = [
        50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000, 10_000_000,
        25_000_000, 50_000_000, 100_000_000, 250_000_000, 500_000_000, 1_000_000_000,
        2_500_000_000, 5_000_000_000, 10_000_000_000,
    ]

    let bounds: [UInt64]
    let unit: Unit
    private let counts: UnsafeMutablePointer<Atomic<Int>>
    private let sum = Atomic<Int>(0)

    init(bounds: [UInt64], unit: Unit) {
        precondition(!bounds.isEmpty && zip(bounds, bounds.dropFirst()).allSatisfy(<))
        self.bounds = bounds
        self.unit = unit
        unsafe counts = .allocate(capacity: bounds.count + 1)
        for index in 0...bounds.count { unsafe (counts + index).initialize(to: Atomic(0)) }
    }

    deinit {
        unsafe counts.deinitialize(count: bounds.count + 1)
        unsafe counts.deallocate()
    }

    /// Counts a value, in nanoseconds or things.
    ///
    /// Any thread.
    @inline(__always)
    public func record(_ value: UInt64) {
        var low = 0
        var high = bounds.count
        while low < high {
            let middle = (low + high) / 2
            if value <= bounds[middle] { high = middle } else { low = middle + 1 }
        }
        unsafe counts[low].add(1, ordering: .relaxed)
        sum.add(Int(clamping: value), ordering: .relaxed)
    }

    /// Counts of the buckets, the one above the last bound included, and the sum of values.
    var snapshot: (counts: [Int], sum: Int) {
        (
            (0...bounds.count).map { unsafe counts[$0].load(ordering: .relaxed) },
            sum.load(ordering: .relaxed)
        )
    }
}
