/// Counts in constant time how many of fixed, ascending bounds a float32 score has reached.
///
/// A binary search among thousands of scores waits for memory again and again. Here the line is
/// cut into equal cells of some bounds each, few enough to stay in the nearest cache, and the
/// bounds of the score's own cell are looked at together. The cell of a score is computed by
/// additions and products that never fall as the score rises, so the count is exact, not
/// approximate. A table may hold several lines, each with bounds of its own.
@safe
public final class RankTable: @unchecked Sendable {
    // Safe because nothing changes after init.
    /// How one line is cut, and where its bounds stand.
    @frozen @usableFromInline
    struct Line: BitwiseCopyable {
        @usableFromInline var lowest: Float = 0
        @usableFromInline var cellsPerUnit: Float = 0
        @usableFromInline var lastCell: Float = 0
        /// Places of the first cell in `starts` and of the first bound in `keys`.
        @usableFromInline var firstStart: Int32 = 0
        @usableFromInline var firstKey: Int32 = 0
        /// Bounds.
        @usableFromInline var count: Int32 = 0

        /// The cell of a number; never falls as the number rises, and is one of the cells for NaN
        /// too.
        @inlinable @inline(__always)
        func cell(of number: Float) -> Int32 {
            let place = (number - lowest) * cellsPerUnit
            // In this order a place that is NaN (an infinity by no cells) is in the only cell.
            let low = place < lastCell ? place : lastCell
            let inside = low > 0 ? low : 0
            // The nearest whole number, in the lowest bits: a conversion would look for overflow.
            return Int32(bitPattern: (inside + 0x1p23).bitPattern) & 0x7F_FFFF
        }
    }

    @usableFromInline let lines: UnsafeMutablePointer<Line>
    /// Bounds of all lines by their keys; behind each line's stand some that no score reaches.
    @usableFromInline let keys: UnsafeMutablePointer<Int32>
    /// Place in `keys` of each cell's first bound, and behind a line's cells that of its end.
    @usableFromInline let starts: UnsafeMutablePointer<Int32>

    /// Rows that are looked up together.
    @inlinable public static var blockRows: Int { 64 }
    /// Most bounds of a cell that are looked at together.
    @usableFromInline static let fewBounds: Int32 = 16
    /// Bounds of a cell, were they spread evenly.
    private static let boundsPerCell = 4

    /// A score has reached a bound when it is at least as large: the count is that of bounds ≤ score.
    ///
    /// Bounds are finite and ascending.
    public convenience init(atLeast bounds: some Sequence<Double>) {
        self.init(keys: [bounds.map(FloatKey.atLeast)])
    }

    /// A score has reached a bound when it is larger: the count is that of bounds < score.
    ///
    /// Bounds of each line are finite and ascending.
    public convenience init(above lines: [some Sequence<Double>]) {
        self.init(keys: lines.map { $0.map(FloatKey.above) })
    }

    /// Bounds of each line by their keys, ascending.
    init(keys lists: [[Int32]]) {
        var lines: [Line] = []
        var starts: [Int32] = []
        var keys: [Int32] = []
        for list in lists {
            precondition(zip(list, list.dropFirst()).allSatisfy { $0 <= $1 })
            var line = Self.cut(list)
            line.firstStart = Int32(starts.count)
            line.firstKey = Int32(keys.count)
            var counts = [Int32](repeating: 0, count: Int(line.lastCell) + 1)
            for key in list { counts[Int(line.cell(of: FloatKey.number(key)))] += 1 }
            var place = line.firstKey
            for count in counts {
                starts.append(place)
                place += count
            }
            starts.append(place)
            keys += list
            keys += Array(repeating: .max, count: Int(Self.fewBounds))
            lines.append(line)
        }
        unsafe self.lines = Self.copy(lines)
        unsafe self.starts = Self.copy(starts)
        unsafe self.keys = Self.copy(keys)
    }

    deinit {
        unsafe lines.deallocate()
        unsafe starts.deallocate()
        unsafe keys.deallocate()
    }

    /// One cell where the bounds are one, or too close or too far for the arithmetic.
    private static func cut(_ list: [Int32]) -> Line {
        let low = FloatKey.number(list.first ?? 0)
        let high = FloatKey.number(list.last ?? 0)
        let most = max(1, list.count / boundsPerCell)
        precondition(most <= 1 << 22, "more cells than their arithmetic has numbers for")
        let scale = Float(most) / (high - low)
        var line = Line()
        line.count = Int32(list.count)
        guard high > low, scale.isFinite, scale != 0, low.isFinite else { return line }
        line.lowest = low
        line.cellsPerUnit = scale
        line.lastCell = Float(most - 1)
        return line
    }

    private static func copy<Element>(_ list: [Element]) -> UnsafeMutablePointer<Element> {
        let memory = UnsafeMutableBufferPointer<Element>.allocate(capacity: max(1, list.count))
        _ = unsafe memory.initialize(from: list)
        guard let base = memory.baseAddress else { preconditionFailure("it has an element") }
        return unsafe base
    }

    /// Bounds of a line.
    public func count(line: Int = 0) -> Int { Int(unsafe lines[line].count) }

    /// How many bounds of a line `score`, which is not NaN, has reached.
    @inlinable @inline(__always)
    public func rank(_ score: Float, line: Int = 0) -> Int {
        let line = unsafe lines[line]
        let start = unsafe start(of: score, in: line)
        let end = unsafe reached(FloatKey.of(score), from: start[0], to: start[1])
        return Int(end &- line.firstKey)
    }

    /// The same for `rows` scores at once, at most `blockRows`, each in the line of its number, or
    /// all in the first one.
    ///
    /// What is given for NaN means nothing.
    public func ranks(
        of scores: UnsafePointer<Float>,
        lines numbers: UnsafePointer<Int32>?,
        rows: Int,
        into ranks: UnsafeMutablePointer<Int32>
    ) {
        precondition(rows >= 0 && rows <= Self.blockRows)
        unsafe withUnsafeTemporaryAllocation(of: Int32.self, capacity: Self.blockRows) { ends in
            // The cells of all rows first, and little else: so what must come from memory for one
            // row is waited for together with that of many others.
            for row in 0..<rows {
                let line = unsafe lines[numbers.map { unsafe Int($0[row]) } ?? 0]
                let start = unsafe start(of: scores[row], in: line)
                unsafe ranks[row] = unsafe start[0]
                unsafe ends[row] = unsafe start[1]
            }
            for row in 0..<rows {
                let line = unsafe numbers.map { unsafe Int($0[row]) } ?? 0
                let key = unsafe FloatKey.of(scores[row])
                let end = unsafe reached(key, from: ranks[row], to: ends[row])
                unsafe ranks[row] = end &- lines[line].firstKey
            }
        }
    }

    /// Where `starts` has the cell of a score.
    @inlinable @inline(__always)
    func start(of score: Float, in line: Line) -> UnsafeMutablePointer<Int32> {
        unsafe starts + Int(line.firstStart &+ line.cell(of: score))
    }

    /// The place in `keys` behind the bounds of a cell that `key` has reached.
    @inlinable @inline(__always)
    func reached(_ key: Int32, from start: Int32, to end: Int32) -> Int32 {
        var start = start
        var end = end
        while end &- start > Self.fewBounds {
            let middle = start &+ (end &- start) / 2
            if unsafe keys[Int(middle)] <= key { start = middle &+ 1 } else { end = middle }
        }
        // Bounds of cells further on are not reached: as many as ever may be looked at are, without
        // a branch that nobody could foretell.
        let bounds = unsafe keys + Int(start)
        var reached: Int32 = 0
        for index in 0..<Int(Self.fewBounds) where unsafe bounds[index] <= key { reached &+= 1 }
        return start &+ reached
    }
}
