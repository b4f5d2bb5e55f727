internal import Tensors

/// Summing leaves over blocks of rows.
extension LeafMasks {
    /// Rows that pass one block of masks after the other, so that the block stays in the cache.
    static let rowsOfBlock = 64

    /// Bytes of scratch memory that `add` needs: where each row's masks begin.
    var scratchBytes: Int { Self.rowsOfBlock * bins.columns.count * MemoryLayout<UInt32>.stride }

    /// Adds every tree's leaf to `margins`; see `ForestLayout.add`.
    func add(
        _ features: UnsafePointer<Float>,
        rows: Int,
        to margins: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutableRawPointer
    ) {
        let offsets = unsafe scratch.assumingMemoryBound(to: UInt32.self)
        var row = 0
        while row < rows {
            let count = min(Self.rowsOfBlock, rows &- row)
            unsafe look(features + row &* featureCount, rows: count, into: offsets)
            unsafe add(offsets, rows: count, to: margins + row &* groupCount)
            row &+= count
        }
    }

    /// Writes where the masks of each row's bins begin, [row][column], counted in masks.
    private func look(
        _ features: UnsafePointer<Float>,
        rows: Int,
        into offsets: UnsafeMutablePointer<UInt32>
    ) {
        let count = bins.columns.count
        for column in 0..<count {
            let entry = bins.columns[column]
            unsafe bins.search(
                entry,
                features,
                width: featureCount,
                rows: rows,
                missing: entry.count &+ 1
            ) { row, bin in
                unsafe offsets[row &* count &+ column] =
                    UInt32(truncatingIfNeeded: (entry.firstBin &+ bin) &* Self.lanes &* blockCount)
            }
        }
    }

    /// Adds the leaves of one block of rows.
    private func add(
        _ offsets: UnsafePointer<UInt32>,
        rows: Int,
        to margins: UnsafeMutablePointer<Float>
    ) {
        let columns = bins.columns.count
        var masks = unsafe UnsafePointer(masks.base.assumingMemoryBound(to: UInt64.self))
        var values = unsafe UnsafePointer(values.base.assumingMemoryBound(to: Float.self))
        if groupCount == 1, rows == 1 {
            // Through memory, each block's sum would wait for the last.
            var sum = unsafe margins.pointee
            for _ in 0..<blockCount {
                let left = unsafe Self.left(masks, offsets, columns)
                for lane in 0..<Self.lanes { unsafe sum += Self.value(values, left, lane) }
                unsafe masks += Self.lanes
                unsafe values += Self.lanes &* Self.leaves
            }
            unsafe margins.pointee = sum
            return
        }
        var groups = unsafe UnsafePointer(groups.base.assumingMemoryBound(to: Int.self))
        for _ in 0..<blockCount {
            var offset = unsafe offsets
            var sums = unsafe margins
            for _ in 0..<rows {
                let left = unsafe Self.left(masks, offset, columns)
                if groupCount == 1 {
                    var sum = unsafe sums.pointee
                    for lane in 0..<Self.lanes { unsafe sum += Self.value(values, left, lane) }
                    unsafe sums.pointee = sum
                } else {
                    for lane in 0..<Self.lanes {
                        unsafe sums[groups[lane]] += Self.value(values, left, lane)
                    }
                }
                unsafe offset += columns
                unsafe sums += groupCount
            }
            unsafe masks += Self.lanes
            unsafe values += Self.lanes &* Self.leaves
            unsafe groups += Self.lanes
        }
    }

    /// The leaves of eight pieces that no column of a row rules out, and bit 63 of each.
    @inline(__always)
    private static func left(
        _ masks: UnsafePointer<UInt64>,
        _ offsets: UnsafePointer<UInt32>,
        _ columns: Int
    ) -> Vector {
        var left = unsafe load(masks, offsets[0])
        for column in 1..<columns { unsafe left &= load(masks, offsets[column]) }
        // A bit that is certainly set saves the test for zero, which x86 without BMI lacks.
        return left | Vector(repeating: 1 << 63)
    }

    /// The value of the first leaf that is left of one piece.
    @inline(__always)
    private static func value(
        _ values: UnsafePointer<Float>,
        _ left: Vector,
        _ lane: Int
    ) -> Float {
        unsafe values[lane &* leaves &+ left[lane].trailingZeroBitCount]
    }

    @inline(__always)
    private static func load(_ masks: UnsafePointer<UInt64>, _ offset: UInt32) -> Vector {
        unsafe UnsafeRawPointer(masks + Int(offset)).load(as: Vector.self)
    }
}
