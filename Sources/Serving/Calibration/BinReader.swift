internal import Calibration
internal import Messages

/// Finds the Mondrian bins of events: one, or a cell of up to two columns.
struct BinReader: Sendable {
    // No optionals: to look into one would count references, a request.
    private let first: AxisReader
    private let second: AxisReader
    /// Bins of the second axis, which are neighbours; 0 where there is none.
    private let secondCount: Int

    /// Axes of the bins, at most two.
    init(_ axes: [AxisReader], _ bins: MondrianGrid) {
        precondition(axes.count == bins.axes.count, "a reader for each axis")
        first = axes.first ?? .whole
        second = axes.count > 1 ? axes[1] : .whole
        secondCount = axes.count > 1 ? bins.axes[1].count : 0
    }

    /// Goes through a segment's rows, which begin at `position` of the micro-batch, in blocks with
    /// their bins, -1 for NaN and for a value that is not there; writes the flag of every row, and
    /// gives true if one has no bin.
    ///
    /// The memory that `body` finds the bins in is its own until it returns.
    @inline(__always)
    func forEachBlock(
        _ segment: BatchQueues.Segment,
        position: Int,
        outputs: RawOutputs,
        flags: UnsafeMutablePointer<UInt8>,
        _ body: (Range<Int>, UnsafeMutablePointer<Int32>) -> Void
    ) -> Bool {
        let values = first.column(segment, position: position, outputs: outputs)
        var hasFlag = false
        unsafe withUnsafeTemporaryAllocation(
            of: Int32.self,
            capacity: RankTable.blockRows
        ) { block in
            guard let found = block.baseAddress else { return }
            var start = 0
            while start < segment.rows {
                let rows = start..<min(segment.rows, start + RankTable.blockRows)
                for index in rows {
                    let bin = first.bin(values, index)
                    unsafe found[index - start] = Int32(truncatingIfNeeded: bin)
                    unsafe flags[index] = bin < 0 ? EventFlag.unbinned : 0
                    hasFlag = hasFlag || bin < 0
                }
                if secondCount > 0 {
                    let more = unsafe refine(segment, position, outputs, rows, found, flags)
                    hasFlag = hasFlag || more
                }
                unsafe body(rows, found)
                start = rows.upperBound
            }
        }
        return hasFlag
    }

    /// Makes cells of the bins along the first axis; true if a row has none along the second.
    private func refine(
        _ segment: BatchQueues.Segment,
        _ position: Int,
        _ outputs: RawOutputs,
        _ rows: Range<Int>,
        _ found: UnsafeMutablePointer<Int32>,
        _ flags: UnsafeMutablePointer<UInt8>
    ) -> Bool {
        let values = second.column(segment, position: position, outputs: outputs)
        var hasFlag = false
        for index in rows {
            let place = index - rows.lowerBound
            let bin = second.bin(values, index)
            let cell = Int(unsafe found[place]) &* secondCount &+ bin
            let isBinned = unsafe bin >= 0 && found[place] >= 0
            unsafe found[place] = isBinned ? Int32(truncatingIfNeeded: cell) : -1
            if !isBinned {
                unsafe flags[index] = EventFlag.unbinned
                hasFlag = true
            }
        }
        return hasFlag
    }
}
