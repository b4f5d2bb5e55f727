public import Calibration

/// Finds in constant time the bin of a float32 number, exactly as the edges say.
///
/// The line between the outermost edges is cut into equal cells, so many that none holds more than
/// two edges: the cell of a number says how many edges lie below it, and two comparisons say the
/// rest. The cell is computed by a difference and a product, neither of which falls as the number
/// rises, and the edges go through the same arithmetic when the table is made, so rounding moves no
/// number into another bin. Where edges are too uneven for that many cells they are searched by
/// halves instead, which is decided once.
@safe
public final class BinTable: @unchecked Sendable {
    // Safe because nothing changes after init.
    /// The most cells: a byte each, so that the tables of some values stay in the nearest cache.
    public static let maximumCells = 1024
    /// Edges that are compared with a number behind those below its cell.
    static let edgesPerCell = 2

    /// Bins; what is not finite counts as one more, behind them.
    public let bins: Int
    /// Whether cells tell the edges apart; else edges are searched.
    public var hasCells: Bool { lastCell >= 0 }

    @usableFromInline let lowest: Float
    @usableFromInline let cellsPerUnit: Float
    /// Number of the last cell; negative where there are none.
    @usableFromInline let lastCell: Float
    /// Edges below each cell.
    @usableFromInline let below: UnsafeMutablePointer<UInt8>
    /// The least float32 numbers that have reached an edge; behind them some that none reaches.
    @usableFromInline let edges: UnsafeMutablePointer<Float>

    /// A table of at most `ReferenceFile.maximumBins` bins.
    public init(_ bins: MondrianBins) {
        precondition(bins.count <= ReferenceFile.maximumBins, "places that are counted in a byte")
        self.bins = bins.count
        let reached = bins.edges.map { edge in
            let nearest = Float(edge)
            return Double(nearest) < edge ? nearest.nextUp : nearest
        }
        lowest = reached.first ?? 0
        let cells = Self.cells(reached)
        cellsPerUnit = cells?.perUnit ?? 0
        lastCell = Float((cells?.below.count ?? 0) - 1)
        unsafe below = .allocate(capacity: Self.maximumCells)
        unsafe below.initialize(repeating: 0, count: Self.maximumCells)
        for (cell, count) in (cells?.below ?? []).enumerated() { unsafe below[cell] = count }
        unsafe edges = .allocate(capacity: reached.count + Self.edgesPerCell)
        unsafe edges.initialize(repeating: .infinity, count: reached.count + Self.edgesPerCell)
        for (place, edge) in reached.enumerated() { unsafe edges[place] = edge }
    }

    deinit {
        unsafe below.deallocate()
        unsafe edges.deallocate()
    }

    /// The fewest cells, by doubling, of which none holds too many edges; nil where none are enough,
    /// or the edges too close or too far for the arithmetic.
    private static func cells(_ edges: [Float]) -> (perUnit: Float, below: [UInt8])? {
        guard let low = edges.first, let high = edges.last, high > low else {
            // At most one number where anything changes.
            return edges.count <= edgesPerCell ? (0, [0]) : nil
        }
        var count = 1
        while count <= maximumCells {
            let perUnit = Float(count) / (high - low)
            guard perUnit.isFinite, perUnit > 0 else { return nil }
            var held = [Int](repeating: 0, count: count)
            for edge in edges {
                held[cell(of: edge, lowest: low, perUnit: perUnit, last: Float(count - 1))] += 1
            }
            if held.allSatisfy({ $0 <= edgesPerCell }) {
                var sum = 0
                return (
                    perUnit,
                    held.map { edges in
                        defer { sum += edges }
                        return UInt8(sum)
                    }
                )
            }
            count *= 2
        }
        return nil
    }

    /// The cell of a number: never falls as the number rises; some cell for NaN and infinities too.
    @inlinable @inline(__always)
    static func cell(of number: Float, lowest: Float, perUnit: Float, last: Float) -> Int {
        let place = (number - lowest) * perUnit
        // In this order a place that is NaN is in the last cell.
        let low = place < last ? place : last
        let inside = low > 0 ? low : 0
        // The nearest whole number, in the lowest bits: a conversion would look for overflow.
        return Int((inside + 0x1p23).bitPattern & 0x7F_FFFF)
    }

    /// The bin of a number; `bins` for NaN and infinities.
    @inlinable @inline(__always)
    public func bin(of number: Float) -> Int { hasCells ? look(number) : search(number) }

    /// Counts `rows` numbers that lie `stride` bytes apart, each in its bin; `counts` are one more
    /// than bins.
    @inlinable @inline(__always)
    public func tally(
        _ first: UnsafeRawPointer,
        stride: Int,
        rows: Int,
        into counts: UnsafeMutablePointer<UInt32>
    ) {
        guard hasCells else {
            return unsafe searchAll(first, stride: stride, rows: rows, into: counts)
        }
        var place = unsafe first
        for _ in 0..<rows {
            unsafe counts[look(place.loadUnaligned(as: Float.self))] &+= 1
            unsafe place += stride
        }
    }

    @inlinable @inline(__always)
    func look(_ number: Float) -> Int {
        let cell = Self.cell(of: number, lowest: lowest, perUnit: cellsPerUnit, last: lastCell)
        let start = Int(unsafe below[cell])
        // Edges of cells further on are not reached: both may be looked at, without a branch.
        let first = unsafe number >= edges[start] ? 1 : 0
        let second = unsafe number >= edges[start &+ 1] ? 1 : 0
        return number.isFinite ? start &+ first &+ second : bins
    }

    @usableFromInline
    func search(_ number: Float) -> Int {
        var reached = 0
        var length = bins &- 1
        while length > 0 {
            let half = (length &+ 1) >> 1
            if unsafe number >= edges[reached &+ half &- 1] { reached &+= half }
            length &-= half
        }
        return number.isFinite ? reached : bins
    }

    @usableFromInline
    func searchAll(
        _ first: UnsafeRawPointer,
        stride: Int,
        rows: Int,
        into counts: UnsafeMutablePointer<UInt32>
    ) {
        for row in 0..<rows {
            let number = unsafe (first + row &* stride).loadUnaligned(as: Float.self)
            unsafe counts[search(number)] &+= 1
        }
    }
}
