internal import Calibration
internal import Messages
internal import Tensors

/// Finds the Mondrian bins of events.
struct BinReader: Sendable {
    /// Where the value of the bin column lies.
    enum Source: Sendable {
        /// There is one bin.
        case none
        /// Component of a dense float32 input.
        case input(index: Int, elements: Int, component: Int)
        /// Scalar float32 raw output.
        case output(index: Int)
        /// Column of the request, by the number of the uncertainty entry.
        case request(entry: Int)
    }

    private let source: Source
    private let bins: MondrianBins
    private let edges: RankTable

    init(source: Source, bins: MondrianBins) {
        self.source = source
        self.bins = bins
        edges = RankTable(atLeast: bins.edges)
    }

    /// The bin column of a segment's rows, which begin at `position` of the micro-batch.
    @inline(__always)
    func column(
        _ segment: BatchQueues.Segment,
        position: Int,
        outputs: RawOutputs
    ) -> BinValues {
        let row = segment.firstRow
        switch source {
        case .none:
            return unsafe BinValues(first: nil, strideBytes: 0, isWide: false, isWhole: true)
        case .input(let index, let elements, let component):
            let base = unsafe segment.flight.pointee.inputs[index]
            let first = unsafe base.map { unsafe $0 + (row * elements + component) * 4 }
            return unsafe BinValues(first: first, strideBytes: elements * 4)
        case .output(let index):
            let first = unsafe UnsafeRawPointer(outputs.floats(index) + position)
            return unsafe BinValues(first: first, strideBytes: 4)
        case .request(let entry):
            let base = unsafe segment.flight.pointee.binColumns[entry]
            let isWide = unsafe segment.flight.pointee.wideColumns & (1 << UInt8(entry)) != 0
            let bytes = isWide ? 8 : 4
            let first = unsafe base.map { unsafe $0 + row * bytes }
            return unsafe BinValues(first: first, strideBytes: bytes, isWide: isWide)
        }
    }

    /// The bin of value `index` of a column; -1 for NaN and for a value that is not there.
    @inline(__always)
    func bin(_ values: BinValues, _ index: Int) -> Int {
        guard let first = unsafe values.first else { return values.isWhole ? 0 : -1 }
        let place = unsafe first + index &* values.strideBytes
        if values.isWide {
            return bins.index(of: unsafe place.loadUnaligned(as: Double.self)) ?? -1
        }
        let value = unsafe place.loadUnaligned(as: Float.self)
        return value.isNaN ? -1 : edges.rank(value)
    }
}

extension BinReader {
    /// Goes through `rows` rows of a column in blocks, with their bins as `bin` gives them; writes
    /// the flag of every row, and gives true if one has no bin.
    ///
    /// The memory that `body` finds the bins in is its own until it returns.
    @inline(__always)
    func forEachBlock(
        _ values: BinValues,
        rows: Int,
        flags: UnsafeMutablePointer<UInt8>,
        _ body: (Range<Int>, UnsafeMutablePointer<Int32>) -> Void
    ) -> Bool {
        var hasFlag = false
        unsafe withUnsafeTemporaryAllocation(
            of: Int32.self,
            capacity: RankTable.blockRows
        ) { block in
            guard let found = block.baseAddress else { return }
            var first = 0
            while first < rows {
                let rows = first..<min(rows, first + RankTable.blockRows)
                for index in rows {
                    let bin = bin(values, index)
                    unsafe found[index - first] = Int32(truncatingIfNeeded: bin)
                    unsafe flags[index] = bin < 0 ? EventFlag.unbinned : 0
                    hasFlag = hasFlag || bin < 0
                }
                unsafe body(rows, found)
                first = rows.upperBound
            }
        }
        return hasFlag
    }
}

/// The bin column of some rows, lent.
@safe
struct BinValues {
    let first: UnsafeRawPointer?
    let strideBytes: Int
    /// Whether values are float64, not float32.
    var isWide = false
    /// Whether there is one bin and so no column.
    var isWhole = false
}
