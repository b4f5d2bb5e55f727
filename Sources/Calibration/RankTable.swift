/// Counts in constant time how many of fixed, ascending bounds a float32 score has reached.
///
/// A binary search among thousands of scores costs 32 ns an event, most of it waiting for memory.
/// Here the line is cut into as many equal cells as there are bounds, and a look at the score's
/// own cell, which holds about one, is enough. The cell of a score is computed by additions and
/// products that never fall as the score rises, so the count is exact, not approximate.
@safe
public final class RankTable: @unchecked Sendable {
    // Safe because nothing changes after init.
    @usableFromInline let keys: UnsafeMutablePointer<Int32>
    /// Bounds in the cells before each cell, and at the end all of them.
    @usableFromInline let starts: UnsafeMutablePointer<Int32>
    @usableFromInline let lowest: Float
    @usableFromInline let cellsPerUnit: Float
    @usableFromInline let lastCell: Float
    /// Bounds.
    public let count: Int

    /// Most bounds of a cell that are looked at one by one.
    @usableFromInline static let fewBounds: Int32 = 8

    /// A score has reached a bound when it is at least as large: the count is that of bounds ≤ score.
    ///
    /// Bounds are finite and ascending.
    public convenience init(atLeast bounds: some Sequence<Double>) {
        self.init(keys: bounds.map(FloatKey.atLeast))
    }

    /// A score has reached a bound when it is larger: the count is that of bounds < score.
    ///
    /// Bounds are finite and ascending.
    public convenience init(above bounds: some Sequence<Double>) {
        self.init(keys: bounds.map(FloatKey.above))
    }

    /// Bounds by their keys, ascending.
    init(keys list: [Int32]) {
        precondition(zip(list, list.dropFirst()).allSatisfy { $0 <= $1 })
        count = list.count
        unsafe keys = .allocate(capacity: max(count, 1))
        _ = unsafe UnsafeMutableBufferPointer(start: keys, count: count).initialize(from: list)
        let low = FloatKey.number(list.first ?? 0)
        let high = FloatKey.number(list.last ?? 0)
        let scale = Float(count) / (high - low)
        // One cell where the bounds are one, or too close or too far for the arithmetic.
        let isOne = !(high > low) || !scale.isFinite || scale == 0 || !low.isFinite
        lowest = isOne ? 0 : low
        cellsPerUnit = isOne ? 0 : scale
        lastCell = isOne ? 0 : Float(count - 1)
        let cells = isOne ? 1 : count
        unsafe starts = .allocate(capacity: cells + 1)
        unsafe starts.initialize(repeating: 0, count: cells + 1)
        for key in list { unsafe starts[cell(of: FloatKey.number(key)) + 1] += 1 }
        for cell in 0..<cells { unsafe starts[cell + 1] += starts[cell] }
    }

    deinit {
        unsafe keys.deallocate()
        unsafe starts.deallocate()
    }

    /// How many bounds `score`, which is not NaN, has reached.
    @inlinable @inline(__always)
    public func rank(_ score: Float) -> Int {
        let key = FloatKey.of(score)
        let cell = cell(of: score)
        var rank = unsafe starts[cell]
        var end = unsafe starts[cell + 1]
        while end - rank > Self.fewBounds {
            let middle = rank + (end - rank) / 2
            if unsafe keys[Int(middle)] <= key { rank = middle + 1 } else { end = middle }
        }
        while rank < end, unsafe keys[Int(rank)] <= key { rank += 1 }
        return Int(rank)
    }

    /// The cell of a number; never falls as the number rises.
    @inlinable @inline(__always)
    func cell(of number: Float) -> Int {
        let place = (number - lowest) * cellsPerUnit
        // In this order a place that is NaN (an infinity by no cells) is in the only cell.
        if !(place < lastCell) { return Int(lastCell) }
        return place > 0 ? Int(place) : 0
    }
}
