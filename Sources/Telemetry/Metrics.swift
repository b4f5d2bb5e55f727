public import Synchronization

/// A number that only grows.
public final class Counter: Sendable {
    @usableFromInline let total = Atomic<Int>(0)

    init() {}

    /// Adds `count`.
    ///
    /// Any thread, one relaxed atomic.
    @inlinable @inline(__always)
    public func add(_ count: Int) { total.add(count, ordering: .relaxed) }

    /// Adds `count` where only ever one thread adds: a tenth of the cost of `add`.
    @inlinable @inline(__always)
    public func addAlone(_ count: Int) {
        total.store(total.load(ordering: .relaxed) &+ count, ordering: .relaxed)
    }

    /// The sum so far.
    public var value: Int { total.load(ordering: .relaxed) }
}

/// A number that goes up and down.
public final class Gauge: Sendable {
    @usableFromInline let bits = Atomic<UInt64>(0)

    init() {}

    /// Sets the value.
    ///
    /// Any thread.
    @inlinable @inline(__always)
    public func set(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }

    /// The value last set.
    public var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }
}

/// Counts of values by size, in fixed buckets.
///
/// Recording is a look-up, a comparison or two and two relaxed atomics: no lock, no allocation.
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

    @usableFromInline let bounds: [UInt64]
    let unit: Unit
    /// For every width of a value in bits: the first bucket that such a value can be in.
    @usableFromInline let firstBucket: [UInt8]
    @usableFromInline let counts: UnsafeMutablePointer<Atomic<Int>>
    @usableFromInline let sum = Atomic<Int>(0)

    init(bounds: [UInt64], unit: Unit) {
        precondition(
            !bounds.isEmpty && bounds.count < 255 && zip(bounds, bounds.dropFirst()).allSatisfy(<)
        )
        self.bounds = bounds
        self.unit = unit
        firstBucket = (0...64).map { width in
            let smallest: UInt64 = width == 0 ? 0 : 1 << UInt64(width - 1)
            return UInt8(bounds.firstIndex { smallest <= $0 } ?? bounds.count)
        }
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
    @inlinable @inline(__always)
    public func record(_ value: UInt64) {
        unsafe counts[bucket(of: value)].add(1, ordering: .relaxed)
        sum.add(Int(clamping: value), ordering: .relaxed)
    }

    /// Counts a value where only ever one thread does.
    @inlinable @inline(__always)
    public func recordAlone(_ value: UInt64) {
        let bucket = bucket(of: value)
        let count = unsafe counts[bucket].load(ordering: .relaxed)
        unsafe counts[bucket].store(count &+ 1, ordering: .relaxed)
        let total = sum.load(ordering: .relaxed)
        sum.store(total &+ Int(clamping: value), ordering: .relaxed)
    }

    @inlinable @inline(__always)
    func bucket(of value: UInt64) -> Int {
        var bucket = Int(firstBucket[64 - value.leadingZeroBitCount])
        while bucket < bounds.count, value > bounds[bucket] { bucket += 1 }
        return bucket
    }

    /// Counts of the buckets, the one above the last bound included, and the sum of values.
    var snapshot: (counts: [Int], sum: Int) {
        (
            (0...bounds.count).map { unsafe counts[$0].load(ordering: .relaxed) },
            sum.load(ordering: .relaxed)
        )
    }
}
