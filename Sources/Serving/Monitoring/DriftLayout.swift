internal import Calibration
internal import Monitoring

/// Where the counts of each watched value stand, and how a value finds its bin.
@safe
final class DriftLayout: @unchecked Sendable {
    // Safe because nothing changes after init.
    /// One watched value.
    @safe
    private struct Column {
        let source: LoadedReferences.Source
        /// Kept alive by the layout: to look it up costs no reference counting.
        let edges: Unmanaged<RankTable>
        /// Place of its first bin; behind its bins stands the count of values that are not finite.
        let first: Int
        let bins: Int
    }

    /// Counts of all values.
    let places: Int
    private let columns: UnsafeMutableBufferPointer<Column>
    private let tables: [RankTable]

    init(_ loaded: LoadedReferences) {
        tables = loaded.file.values.map { RankTable(atLeast: $0.bins.edges) }
        unsafe columns = .allocate(capacity: tables.count)
        var places = 0
        for (index, entry) in loaded.file.values.enumerated() {
            let column = unsafe Column(
                source: loaded.values[index].source,
                edges: .passUnretained(tables[index]),
                first: places,
                bins: entry.bins.count
            )
            unsafe columns.initializeElement(at: index, to: column)
            places += entry.bins.count + 1
        }
        self.places = places
    }

    deinit { unsafe columns.deallocate() }

    /// Counts rows of a segment's flight, the first of which stands at `position` of the micro-batch;
    /// outputs of rows at `flagged` positions are none.
    ///
    /// O(1) a value.
    func tally(
        _ segment: BatchQueues.Segment,
        rows: Range<Int>,
        position: Int,
        outputs: RawOutputs,
        flagged: [Int],
        into counts: UnsafeMutablePointer<UInt32>
    ) {
        for index in unsafe columns.indices {
            let column = unsafe columns[index]
            let own = unsafe counts + column.first
            switch column.source {
            case .input(let input, let elements, let component):
                let row = segment.firstRow &+ rows.lowerBound
                guard let base = unsafe segment.flight.pointee.inputs[input] else { continue }
                let first = unsafe base + (row &* elements &+ component) &* 4
                unsafe Self.tally(column, first, stride: elements &* 4, rows: rows.count, into: own)
            case .output(let output):
                let first = unsafe UnsafeRawPointer(outputs.floats(output) + position)
                unsafe Self.tally(column, first, stride: 4, rows: rows.count, into: own)
                for place in flagged where place >= position && place < position + rows.count {
                    unsafe own[Self.bin(outputs.floats(output)[place], column)] &-= 1
                    unsafe own[column.bins] &+= 1
                }
            }
        }
    }

    @inline(__always)
    private static func tally(
        _ column: Column,
        _ first: UnsafeRawPointer,
        stride: Int,
        rows: Int,
        into counts: UnsafeMutablePointer<UInt32>
    ) {
        var place = unsafe first
        for _ in 0..<rows {
            unsafe counts[bin(place.loadUnaligned(as: Float.self), column)] &+= 1
            unsafe place += stride
        }
    }

    @inline(__always)
    private static func bin(_ value: Float, _ column: Column) -> Int {
        guard value.isFinite else { return column.bins }
        return unsafe column.edges._withUnsafeGuaranteedRef { $0.rank(value) }
    }

    /// The counts of one window by value.
    func window(_ counts: [UInt32]) -> StreamDrift.Window {
        StreamDrift.Window(
            counts: unsafe columns.map { column in
                counts[column.first..<column.first + column.bins].map(Int.init)
            },
            nonfinite: unsafe columns.map { Int(counts[$0.first + $0.bins]) }
        )
    }
}
