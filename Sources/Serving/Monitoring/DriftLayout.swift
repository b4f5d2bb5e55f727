internal import Calibration
internal import Monitoring

/// Where the counts of each watched value stand, and how a value finds its bin.
@safe
final class DriftLayout: @unchecked Sendable {
    // Safe because nothing changes after init.
    /// Where a value is counted.
    @safe
    private struct Bins {
        /// Kept alive by the layout: to look it up costs no reference counting.
        let table: Unmanaged<BinTable>
        /// Place of its first bin; behind its bins stands the count of values that are not finite.
        let first: Int
    }

    /// A watched component of a dense float32 input.
    private struct Feature {
        let input: Int
        /// Bytes from one event to the next, and from an event's first to the component's.
        let stride: Int
        let offset: Int
        let bins: Bins
    }

    /// A watched scalar float32 output.
    private struct Output {
        let output: Int
        let bins: Bins
    }

    /// Counts of all values.
    let places: Int
    private let tables: [BinTable]
    private let features: UnsafeMutableBufferPointer<Feature>
    private let outputs: UnsafeMutableBufferPointer<Output>

    init(_ loaded: LoadedReferences) {
        tables = loaded.file.values.map { BinTable($0.bins) }
        var features: [Feature] = []
        var outputs: [Output] = []
        var places = 0
        for (table, value) in zip(tables, loaded.values) {
            let bins = unsafe Bins(table: .passUnretained(table), first: places)
            places += table.bins + 1
            switch value.source {
            case .input(let index, let elements, let component):
                features.append(
                    Feature(input: index, stride: elements * 4, offset: component * 4, bins: bins)
                )
            case .output(let index):
                outputs.append(Output(output: index, bins: bins))
            }
        }
        self.places = places
        unsafe self.features = .allocate(capacity: features.count)
        _ = unsafe self.features.initialize(from: features)
        unsafe self.outputs = .allocate(capacity: outputs.count)
        _ = unsafe self.outputs.initialize(from: outputs)
    }

    deinit {
        unsafe features.deallocate()
        unsafe outputs.deallocate()
    }

    /// Counts rows of a segment's flight, the first of which stands at `position` of the micro-batch;
    /// outputs of rows at `flagged` positions are none.
    ///
    /// O(1) a value.
    @inline(__always)
    func tally(
        _ segment: BatchQueues.Segment,
        rows: Range<Int>,
        position: Int,
        outputs raw: RawOutputs,
        flagged: [Int],
        into counts: UnsafeMutablePointer<UInt32>
    ) {
        let row = segment.firstRow &+ rows.lowerBound
        for index in unsafe features.indices {
            let feature = unsafe features[index]
            guard let base = unsafe segment.flight.pointee.inputs[feature.input] else { continue }
            let first = unsafe base + (row &* feature.stride &+ feature.offset)
            let own = unsafe counts + feature.bins.first
            unsafe feature.bins.table._withUnsafeGuaranteedRef { table in
                unsafe table.tally(first, stride: feature.stride, rows: rows.count, into: own)
            }
        }
        for index in unsafe outputs.indices {
            let output = unsafe outputs[index]
            let first = unsafe UnsafeRawPointer(raw.floats(output.output) + position)
            let own = unsafe counts + output.bins.first
            unsafe output.bins.table._withUnsafeGuaranteedRef { table in
                unsafe table.tally(first, stride: 4, rows: rows.count, into: own)
            }
        }
        guard !flagged.isEmpty else { return }
        unsafe takeBack(flagged, in: position..<position &+ rows.count, of: raw, from: counts)
    }

    /// Counts outputs at `flagged` positions as not finite, whatever bins they were counted in.
    private func takeBack(
        _ flagged: [Int],
        in positions: Range<Int>,
        of raw: RawOutputs,
        from counts: UnsafeMutablePointer<UInt32>
    ) {
        for index in unsafe outputs.indices {
            let output = unsafe outputs[index]
            let own = unsafe counts + output.bins.first
            unsafe output.bins.table._withUnsafeGuaranteedRef { table in
                for place in flagged where positions.contains(place) {
                    unsafe own[table.bin(of: raw.floats(output.output)[place])] &-= 1
                    unsafe own[table.bins] &+= 1
                }
            }
        }
    }

    /// The counts of one window by value.
    func window(_ counts: [UInt32]) -> StreamDrift.Window {
        var first = 0
        var bins: [[Int]] = []
        var nonfinite: [Int] = []
        for table in tables {
            bins.append(counts[first..<first + table.bins].map(Int.init))
            nonfinite.append(Int(counts[first + table.bins]))
            first += table.bins + 1
        }
        return StreamDrift.Window(counts: bins, nonfinite: nonfinite)
    }
}
