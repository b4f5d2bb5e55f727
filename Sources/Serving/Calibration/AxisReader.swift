internal import Calibration
internal import Tensors

/// Finds the bins of events along one column.
struct AxisReader: Sendable {
    /// Where the value of the bin column lies.
    enum Source: Sendable {
        /// Nowhere: there is one bin.
        case none
        /// Component of a dense float32 input.
        case input(index: Int, elements: Int, component: Int)
        /// Scalar float32 raw output.
        case output(index: Int)
        /// Column of the request, by its slot.
        case request(slot: Int)
    }

    /// One bin.
    static let whole = AxisReader(source: .none, bins: .whole)

    private let source: Source
    private let bins: MondrianBins
    private let edges: RankTable

    init(source: Source, bins: MondrianBins) {
        self.source = source
        self.bins = bins
        edges = RankTable(atLeast: bins.edges)
    }

    /// The column of a segment's rows, which begin at `position` of the micro-batch.
    @inline(__always)
    func column(
        _ segment: BatchQueues.Segment,
        position: Int,
        outputs: RawOutputs
    ) -> AxisValues {
        let row = segment.firstRow
        switch source {
        case .none:
            return .whole
        case .input(let index, let elements, let component):
            let base = unsafe segment.flight.pointee.inputs[index]
            let first = unsafe base.map { unsafe $0 + (row * elements + component) * 4 }
            return unsafe AxisValues(first: first, strideBytes: elements * 4)
        case .output(let index):
            let first = unsafe UnsafeRawPointer(outputs.floats(index) + position)
            return unsafe AxisValues(first: first, strideBytes: 4)
        case .request(let slot):
            let base = unsafe segment.flight.pointee.binColumns[slot]
            let isWide = unsafe segment.flight.pointee.wideColumns & (1 << UInt32(slot)) != 0
            let bytes = isWide ? 8 : 4
            let first = unsafe base.map { unsafe $0 + row * bytes }
            return unsafe AxisValues(first: first, strideBytes: bytes, isWide: isWide)
        }
    }

    /// The bin of value `index` of a column; -1 for NaN and for a value that is not there.
    @inline(__always)
    func bin(_ values: AxisValues, _ index: Int) -> Int {
        guard let first = unsafe values.first else { return values.isWhole ? 0 : -1 }
        let place = unsafe first + index &* values.strideBytes
        if values.isWide {
            return bins.index(of: unsafe place.loadUnaligned(as: Double.self)) ?? -1
        }
        let value = unsafe place.loadUnaligned(as: Float.self)
        return value.isNaN ? -1 : edges.rank(value)
    }
}

/// A column of some rows, lent.
@safe
struct AxisValues {
    let first: UnsafeRawPointer?
    let strideBytes: Int
    /// Whether values are float64, not float32.
    var isWide = false
    /// Whether there is one bin and so no column.
    var isWhole = false

    /// Value `index`; NaN where there is no column.
    func value(_ index: Int) -> Double {
        guard let first = unsafe first else { return .nan }
        let place = unsafe first + index &* strideBytes
        return isWide
            ? unsafe place.loadUnaligned(as: Double.self)
            : Double(unsafe place.loadUnaligned(as: Float.self))
    }

    /// No column.
    static var whole: AxisValues {
        unsafe AxisValues(first: nil, strideBytes: 0, isWide: false, isWhole: true)
    }
}
