internal import Tensors

/// Memory of one lane: values in, words in, words out, values out.
///
/// `pack`, then whatever turns input words into output words, then `unpack`.
@safe
public final class WordBuffers {
    /// Rows of the last `pack` with a value that its port cannot hold, in order.
    public private(set) var flaggedRows: [Int] = []
    /// Most rows.
    public let maximumRows: Int
    private let layout: WordLayout
    private let packings: [WordPacking]
    private let unpackings: [WordUnpacking]
    /// First word of each tensor in an event.
    private let inputStarts: [Int]
    private let outputStarts: [Int]
    private let inputs: Tensors
    private let outputs: Tensors
    private let inputWords: AlignedBuffer
    private let outputWords: AlignedBuffer
    /// One a row, for tensors beyond the first.
    private var flags: [Bool]

    /// Values of all tensors, one after the other.
    private struct Tensors: ~Copyable {
        let memory: AlignedBuffer
        let starts: [Int]

        init(_ rowBytes: [Int], rows: Int) {
            // Each begins on a line of its own.
            let alignment = AlignedBuffer.alignment
            var starts: [Int] = []
            var end = 0
            for bytes in rowBytes {
                starts.append(end)
                end += (bytes * rows + alignment - 1) / alignment * alignment
            }
            self.starts = starts
            memory = AlignedBuffer(byteCount: end)
        }

        func base(_ index: Int) -> UnsafeMutableRawPointer { unsafe memory.base + starts[index] }
    }

    /// Memory for `maximumRows` events.
    public init(_ firmware: Firmware, maximumRows: Int) {
        self.maximumRows = maximumRows
        layout = firmware.layout
        packings = firmware.inputs.map { WordPacking($0.ports) }
        let unpackings = firmware.outputs.map { WordUnpacking($0.ports) }
        self.unpackings = unpackings
        inputStarts = Self.starts(firmware.inputs)
        outputStarts = Self.starts(firmware.outputs)
        inputs = Tensors(firmware.inputs.map { $0.ports.count * 4 }, rows: maximumRows)
        outputs = Tensors(
            zip(firmware.outputs, unpackings).map { $0.ports.count * $1.type.byteCount },
            rows: maximumRows
        )
        inputWords = AlignedBuffer(byteCount: maximumRows * firmware.layout.inputStride)
        outputWords = AlignedBuffer(byteCount: maximumRows * firmware.layout.outputStride)
        flags = [Bool](repeating: false, count: maximumRows)
        flaggedRows.reserveCapacity(maximumRows)
    }

    /// Values of input `index`: float32, row after row.
    public func inputMemory(_ index: Int) -> UnsafeMutableRawPointer { unsafe inputs.base(index) }

    /// Values of output `index`, of the type that its ports ask for.
    public func outputMemory(_ index: Int) -> UnsafeRawPointer {
        unsafe UnsafeRawPointer(outputs.base(index))
    }

    /// Input words after `pack`, as the firmware's layout says.
    public var wordsIn: UnsafeRawPointer { unsafe UnsafeRawPointer(inputWords.base) }

    /// Where output words are to be before `unpack`.
    public var wordsOut: UnsafeMutableRawPointer { unsafe outputWords.base }

    /// Makes words of the values in the input memory.
    public func pack(rows: Int) {
        begin(rows)
        for index in packings.indices {
            unsafe pack(index, UnsafeRawPointer(inputs.base(index)), rows: rows)
        }
        collect(rows)
    }

    /// Makes words of values that lie elsewhere, of a firmware with one input.
    public func pack(rows: Int, lentInput input: UnsafeRawPointer) {
        precondition(packings.count == 1)
        begin(rows)
        unsafe pack(0, input, rows: rows)
        collect(rows)
    }

    /// Makes values of the output words.
    public func unpack(rows: Int) {
        for (index, unpacking) in unpackings.enumerated() {
            unsafe unpacking.unpack(
                outputWords.base + outputStarts[index] * WordLayout.wordBytes,
                rows: rows,
                stride: layout.outputStride,
                into: outputs.base(index)
            )
        }
    }

    private func pack(_ index: Int, _ values: UnsafeRawPointer, rows: Int) {
        unsafe packings[index].pack(
            values.assumingMemoryBound(to: Float.self),
            rows: rows,
            into: inputWords.base + inputStarts[index] * WordLayout.wordBytes,
            stride: layout.inputStride
        ) { row in
            if packings.count == 1 {
                flaggedRows.append(row)
            } else {
                flags[row] = true
            }
        }
    }

    private func begin(_ rows: Int) {
        precondition(rows <= maximumRows)
        flaggedRows.removeAll(keepingCapacity: true)
    }

    /// Rows that several tensors flag are listed once, in order.
    private func collect(_ rows: Int) {
        guard packings.count > 1 else { return }
        for row in 0..<rows where flags[row] {
            flaggedRows.append(row)
            flags[row] = false
        }
    }

    private static func starts(_ tensors: [FirmwareTensor]) -> [Int] {
        var start = 0
        return tensors.map { tensor in
            defer { start += tensor.ports.count }
            return start
        }
    }
}
