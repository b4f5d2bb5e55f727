internal import Execution
internal import Messages
internal import Tensors

/// Brings the rows of a micro-batch together in the engine's input memory, and applies what
/// the manifest says about values that are not finite.
struct InputGather {
    private let inputs: [GatherInput]

    init(_ inputs: [GatherInput]) {
        self.inputs = inputs
    }

    /// Copies a segment's rows to `position` of the instance's memory; false when one of them has a
    /// value that must be refused.
    ///
    /// Values are looked at where they are copied to, for there they are in the nearest cache. Rows
    /// to be flagged are written as zeros and appended to `flagged` (positions in the micro-batch).
    func copy(
        _ segment: BatchQueues.Segment,
        to position: Int,
        of instance: any EngineInstance,
        flagged: inout [Int]
    ) -> Bool {
        var isAllowed = true
        for index in inputs.indices {
            let input = inputs[index]
            let memory = unsafe instance.inputMemory(index) + position &* input.rowBytes
            unsafe input.copy(segment, of: index, to: memory)
            let count = segment.rows &* input.elements
            if unsafe Finiteness.allFinite(memory, count: count, type: input.type) { continue }
            if unsafe !settle(memory, segment.rows, of: input, at: position, &flagged) {
                isAllowed = false
            }
        }
        return isAllowed
    }

    /// Does with values that are not finite what the manifest says; false when they are refused.
    @inline(never)
    private func settle(
        _ memory: UnsafeMutableRawPointer,
        _ rows: Int,
        of input: GatherInput,
        at position: Int,
        _ flagged: inout [Int]
    ) -> Bool {
        switch input.nonfinite {
        case .refuse:
            return false
        case .missing:
            unsafe input.replaceNonfinite(memory, count: rows * input.elements)
        case .flag:
            for row in 0..<rows {
                let place = unsafe memory + row * input.rowBytes
                if unsafe Finiteness.allFinite(place, count: input.elements, type: input.type) {
                    continue
                }
                unsafe place.initializeMemory(as: UInt8.self, repeating: 0, count: input.rowBytes)
                if !flagged.contains(position + row) { flagged.append(position + row) }
            }
        }
        return true
    }

    /// The first of a flight's rows with a value that must be refused, looked for up to the end of
    /// `segment`.
    ///
    /// The same row whichever segment is found to have one, as no row before it has.
    func refusedRow(upTo segment: BatchQueues.Segment) -> (row: Int, input: Int)? {
        var first: (row: Int, input: Int)?
        for (index, input) in inputs.enumerated() where input.nonfinite == .refuse {
            guard let base = unsafe segment.flight.pointee.inputs[index] else { continue }
            let splits = unsafe segment.flight.pointee.splits[index]
            let row = (0..<segment.firstRow + segment.rows).first { row in
                unsafe !input.isFinite(base, splits, row: row)
            }
            if let row, first.map({ row < $0.row }) ?? true { first = (row, index) }
        }
        return first
    }

    /// Fills the rows from `count` to `shape` with the first one.
    ///
    /// Nobody reads what becomes of them, but a row of an earlier batch could make the engine fail.
    func pad(from count: Int, to shape: Int, of instance: any EngineInstance) {
        for (index, input) in inputs.enumerated() {
            let first = unsafe instance.inputMemory(index)
            for row in count..<shape {
                unsafe (first + row * input.rowBytes).copyMemory(
                    from: first,
                    byteCount: input.rowBytes
                )
            }
        }
    }

    /// The bytes of a segment as an engine may read them where they lie, or nil: a single,
    /// dense, aligned input, all of it finite.
    func lent(_ segment: BatchQueues.Segment) -> UnsafeRawPointer? {
        guard inputs.count == 1, !inputs[0].isRagged,
            let base = unsafe segment.flight.pointee.inputs[0]
        else { return nil }
        let input = inputs[0]
        let place = unsafe base + segment.firstRow * input.rowBytes
        guard UInt(bitPattern: place) % UInt(AlignedBuffer.alignment) == 0 else { return nil }
        let count = segment.rows * input.elements
        return unsafe Finiteness.allFinite(place, count: count, type: input.type) ? place : nil
    }
}

/// One input as the gather sees it.
struct GatherInput: Sendable {
    /// What a value that is not finite does.
    enum Nonfinite: Sendable { case refuse, flag, missing }

    let type: ElementType
    /// Elements of one event, padded when ragged.
    let elements: Int
    /// Elements of one content row of a ragged input.
    let contentElements: Int
    let isRagged: Bool
    let nonfinite: Nonfinite
    /// Bytes of one event in the engine's memory.
    let rowBytes: Int

    init(signature: TensorSignature, isRagged: Bool, nonfinite: Nonfinite) {
        type = signature.type
        elements = signature.elementCount
        contentElements = isRagged ? signature.shape.dropFirst().reduce(1, *) : elements
        self.isRagged = isRagged
        self.nonfinite = nonfinite
        rowBytes = elements * type.byteCount
    }

    /// Elements in the message of `rows` events from `firstRow`.
    func contentElements(
        _ splits: UnsafeRawPointer?,
        firstRow: Int,
        rows: Int
    ) -> (first: Int, count: Int) {
        guard let splits = unsafe splits else { return (firstRow * elements, rows * elements) }
        let from = unsafe Self.split(splits, firstRow)
        let to = unsafe Self.split(splits, firstRow + rows)
        return (from * contentElements, (to - from) * contentElements)
    }

    func isFinite(_ base: UnsafeRawPointer, _ splits: UnsafeRawPointer?, row: Int) -> Bool {
        let place = unsafe contentElements(splits, firstRow: row, rows: 1)
        return unsafe Finiteness.allFinite(
            base + place.first * type.byteCount,
            count: place.count,
            type: type
        )
    }

    /// Copies the rows of a segment from input `index` of its flight.
    @inline(__always)
    func copy(
        _ segment: BatchQueues.Segment,
        of index: Int,
        to memory: UnsafeMutableRawPointer
    ) {
        guard !isRagged, let base = unsafe segment.flight.pointee.inputs[index] else {
            unsafe copyRagged(segment, of: index, to: memory)
            return
        }
        unsafe memory.copyMemory(
            from: base + segment.firstRow &* rowBytes,
            byteCount: segment.rows &* rowBytes
        )
    }

    @inline(never)
    private func copyRagged(
        _ segment: BatchQueues.Segment,
        of index: Int,
        to memory: UnsafeMutableRawPointer
    ) {
        guard let base = unsafe segment.flight.pointee.inputs[index] else {
            // Content of no rows at all: every event is empty.
            unsafe memory.initializeMemory(
                as: UInt8.self,
                repeating: 0,
                count: segment.rows * rowBytes
            )
            return
        }
        let splits = unsafe segment.flight.pointee.splits[index]
        for row in 0..<segment.rows {
            let content = unsafe contentElements(splits, firstRow: segment.firstRow + row, rows: 1)
            let bytes = content.count * type.byteCount
            let place = unsafe memory + row * rowBytes
            unsafe place.copyMemory(from: base + content.first * type.byteCount, byteCount: bytes)
            unsafe (place + bytes).initializeMemory(
                as: UInt8.self,
                repeating: 0,
                count: rowBytes - bytes
            )
        }
    }

    /// Writes NaN, the sign of a missing value, over infinities.
    func replaceNonfinite(_ memory: UnsafeMutableRawPointer, count: Int) {
        switch type {
        case .float32:
            for index in 0..<count {
                let place = unsafe memory.assumingMemoryBound(to: Float.self) + index
                if unsafe !place.pointee.isFinite { unsafe place.pointee = .nan }
            }
        case .float64:
            for index in 0..<count {
                let place = unsafe memory.assumingMemoryBound(to: Double.self) + index
                if unsafe !place.pointee.isFinite { unsafe place.pointee = .nan }
            }
        default:
            preconditionFailure("missing values are for trees, which take floats")
        }
    }

    private static func split(_ splits: UnsafeRawPointer, _ index: Int) -> Int {
        Int(unsafe splits.loadUnaligned(fromByteOffset: index * 8, as: Int64.self))
    }
}
