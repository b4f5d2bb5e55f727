/// Counts in constant time how many of fixed, ascending bounds a float32 score has reached.
///
/// A binary search among thousands of scores waits for memory again and again. Here the line is
/// cut into equal cells of some bounds each, few enough to stay in the nearest cache, and the
/// bounds of the score's own cell are looked at together. The cell of a score is computed by
/// additions and products that never fall as the score rises, so the count is exact, not
/// approximate.
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

    /// Most bounds of a cell that are looked at together.
    @usableFromInline static let fewBounds: Int32 = 16
    /// Bounds of a cell, were they spread evenly.
    private static let boundsPerCell = 4

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
        // Behind the bounds stand some that no score reaches, for the last look.
        unsafe keys = .allocate(capacity: count + Int(Self.fewBounds))
        _ = unsafe UnsafeMutableBufferPointer(start: keys, count: count).initialize(from: list)
        unsafe (keys + count).initialize(repeating: .max, count: Int(Self.fewBounds))
        let low = FloatKey.number(list.first ?? 0)
        let high = FloatKey.number(list.last ?? 0)
        let most = max(1, count / Self.boundsPerCell)
        let scale = Float(most) / (high - low)
        // One cell where the bounds are one, or too close or too far for the arithmetic.
        let isOne = !(high > low) || !scale.isFinite || scale == 0 || !low.isFinite
        lowest = isOne ? 0 : low
        cellsPerUnit = isOne ? 0 : scale
        lastCell = isOne ? 0 : Float(most - 1)
        let cells = isOne ? 1 : most
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
        while end &- rank > Self.fewBounds {
            let middle = rank &+ (end &- rank) / 2
            if unsafe keys[Int(middle)] <= key { rank = middle &+ 1 } else { end = middle }
        }
        // Bounds of cells further on are not reached: as many as ever may be looked at are, without
        // a branch that nobody could foretell.
        let bounds = unsafe keys + Int(rank)
        var reached: Int32 = 0
        for index in 0..<Int(Self.fewBounds) where unsafe bounds[index] <= key { reached &+= 1 }
        return Int(rank &+ reached)
    }

    /// The cell of a number; never falls as the number rises, and is one of the cells for NaN too.
    @inlinable @inline(__always)
    func cell(of number: Float) -> Int {
        let place = (number - lowest) * cellsPerUnit
        // In this order a place that is NaN (an infinity by no cells) is in the only cell.
        if !(place < lastCell) { return Int(lastCell) }
        return place > 0 ? Int(place) : 0
    }
}
