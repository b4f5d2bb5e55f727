internal import Glibc
internal import Lanes
internal import Tensors

/// Measures the micro-batch shapes of an engine and keeps those that answer every row
/// with the same bits.
///
/// A row's result must not depend on its neighbours or its position. A library may choose
/// another algorithm for another shape, so each shape is tried with probe rows at every
/// position and used only if all come out bit-equal to the reference shape.
public struct ShapeProbe: Sendable {
    /// Range that probe values of one input component are drawn from.
    public typealias Range = (low: Double, high: Double)

    /// The shape whose bits are the model's: not too small (matrix-vector kernels), cheap.
    public static let referenceRows = 16
    /// The thread's own time spent on measuring one shape, after a first run that warms it.
    public static let nanosecondsPerShape: UInt64 = 8_000_000
    /// Time after which it ends if others have the processor.
    public static let longestPerShape: UInt64 = 80_000_000
    /// Fewest and most timed runs of one shape.
    public static let runs = 3...200
    /// How often the probe rows are shifted along the batch.
    private static let shifts = 3

    private let engine: any Engine
    private let ranges: [[Range]]

    /// Probes `engine`; `ranges` gives, for each input, one range or one a component.
    public init(engine: any Engine, ranges: [[Range]]) {
        self.engine = engine
        self.ranges = ranges
    }

    /// Shapes to try for a limit on rows: powers of two, and the limit itself.
    ///
    /// With `isSingle` the limit alone, for rows that must have the same bits on a card: its libraries
    /// choose kernels by the shape, and two that agree on every probe row differ on one in thousands.
    public static func shapes(maximumRows: Int, fixedRows: Int?, isSingle: Bool = false) -> [Int] {
        if let fixedRows { return [fixedRows] }
        if isSingle { return [maximumRows] }
        var shapes: [Int] = []
        var rows = 1
        while rows < maximumRows {
            shapes.append(rows)
            rows *= 2
        }
        return shapes + [maximumRows]
    }

    /// Runs every shape.
    ///
    /// O(shapes) engine runs, each within `longestPerShape`. What `known` says, measured before
    /// on the same machine, is not timed again; that every row has the bits of the reference shape is
    /// checked all the same.
    ///
    /// With `isReproducible` false, shapes that give other bits are used as well.
    public func measure(
        shapes: [Int],
        isReproducible: Bool = true,
        known: Ladder? = nil
    ) throws(EngineFailure) -> Ladder {
        if let plan = engine.knownPlan { return Ladder(steps: plan.steps, refused: []) }
        let known = known.flatMap { $0.covers(shapes) ? $0 : nil }
        guard let largest = shapes.last else { preconditionFailure("no shape to measure") }
        let reference = shapes.last { $0 <= Self.referenceRows } ?? shapes[0]
        let instance = try engine.makeInstance(maximumRows: largest, shapes: shapes)
        var rows = ProbeRows(engine: engine, ranges: ranges)
        try rows.recordReference(instance, shape: reference)

        var steps: [MicroBatchPlan.Step] = []
        var refused: [Int] = []
        for shape in shapes {
            let before = known?.steps.first { $0.rows == shape }
            // What gave other bits once is not tried again.
            var isEqual = known == nil || before != nil
            for shift in 0..<Self.shifts where isEqual && isReproducible {
                isEqual = try rows.matchesReference(instance, shape: shape, shift: shift * 5)
            }
            guard isEqual else {
                refused.append(shape)
                continue
            }
            if let before {
                steps.append(before)
            } else {
                steps.append(try time(instance, shape: shape))
            }
        }
        guard !steps.isEmpty else {
            throw EngineFailure(
                call: "shape probe",
                message: "a row's bits depend on its place in the micro-batch at every shape; "
                    + "rewrite the graph, or say reproducible: false in model.yaml"
            )
        }
        return Ladder(steps: steps, refused: refused)
    }

    /// The least time of several runs, what the shape costs when nothing disturbs it, and the most
    /// of this thread's own time, which does not count what others did meanwhile; but for one run
    /// in twenty, in which an interrupt or a host may have taken part.
    private func time(
        _ instance: any EngineInstance,
        shape: Int
    ) throws(EngineFailure) -> MicroBatchPlan.Step {
        let start = MonotonicClock.now()
        let spentStart = MonotonicClock.threadTime()
        var least = UInt64.max
        var spent: [UInt64] = []
        var count = 0
        while count < Self.runs.lowerBound
            || (count < Self.runs.upperBound
                && MonotonicClock.threadTime() - spentStart < Self.nanosecondsPerShape
                && MonotonicClock.now() - start < Self.longestPerShape)
        {
            let before = MonotonicClock.now()
            let spentBefore = MonotonicClock.threadTime()
            try instance.run(rows: shape)
            spent.append(MonotonicClock.threadTime() - spentBefore)
            least = min(least, MonotonicClock.now() - before)
            count += 1
        }
        let worst = spent.sorted()[(spent.count - 1) * 19 / 20]
        return .init(
            rows: shape,
            nanoseconds: Int(max(least, 1)),
            worstNanoseconds: Int(max(worst, least, 1))
        )
    }
}

/// Rows of random values and the bits that the reference shape gives for them.
private struct ProbeRows {
    /// Distinct rows; prime, so that shapes (powers of two) meet them at every position.
    static let count = 61

    private let engine: any Engine
    private var values: [[UInt8]] = []
    private var expected: [[UInt8]] = []

    init(engine: any Engine, ranges: [[ShapeProbe.Range]]) {
        self.engine = engine
        var generator = SplitMix64(state: 0x5EED_0F_7E57)
        for (input, signature) in engine.inputs.enumerated() {
            values.append(
                Self.draw(signature, ranges: ranges[input], rows: Self.count, from: &generator)
            )
        }
    }

    private static func draw(
        _ signature: TensorSignature,
        ranges: [ShapeProbe.Range],
        rows: Int,
        from generator: inout SplitMix64
    ) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(rows * signature.byteCount)
        for _ in 0..<rows {
            for element in 0..<signature.elementCount {
                let range = ranges.count == 1 ? ranges[0] : ranges[element]
                let value = range.low + (range.high - range.low) * generator.unit()
                Encoding.append(value, as: signature.type, to: &bytes)
            }
        }
        return bytes
    }

    mutating func recordReference(
        _ instance: any EngineInstance,
        shape: Int
    ) throws(EngineFailure) {
        expected = engine.outputs.map { [UInt8](repeating: 0, count: Self.count * $0.byteCount) }
        var first = 0
        while first < Self.count {
            fill(instance, shape: shape, shift: first)
            try instance.run(rows: shape)
            for (output, signature) in engine.outputs.enumerated() {
                let memory = unsafe instance.outputMemory(output)
                for position in 0..<min(shape, Self.count - first) {
                    for byte in 0..<signature.byteCount {
                        expected[output][(first + position) * signature.byteCount + byte] =
                            unsafe memory.load(
                                fromByteOffset: position * signature.byteCount + byte,
                                as: UInt8.self
                            )
                    }
                }
            }
            first += shape
        }
    }

    func matchesReference(
        _ instance: any EngineInstance,
        shape: Int,
        shift: Int
    ) throws(EngineFailure) -> Bool {
        fill(instance, shape: shape, shift: shift)
        try instance.run(rows: shape)
        for (output, signature) in engine.outputs.enumerated() {
            let memory = unsafe instance.outputMemory(output)
            for position in 0..<shape {
                let row = (position + shift) % Self.count
                let isEqual = unsafe expected[output].withUnsafeBytes { bytes in
                    unsafe memcmp(
                        memory + position * signature.byteCount,
                        bytes.baseAddress.unsafelyUnwrapped + row * signature.byteCount,
                        signature.byteCount
                    ) == 0
                }
                if !isEqual { return false }
            }
        }
        return true
    }

    private func fill(_ instance: any EngineInstance, shape: Int, shift: Int) {
        for (input, signature) in engine.inputs.enumerated() {
            let memory = unsafe instance.inputMemory(input)
            unsafe values[input].withUnsafeBytes { bytes in
                for position in 0..<shape {
                    let row = (position + shift) % Self.count
                    unsafe (memory + position * signature.byteCount).copyMemory(
                        from: bytes.baseAddress.unsafelyUnwrapped + row * signature.byteCount,
                        byteCount: signature.byteCount
                    )
                }
            }
        }
    }
}

/// A number as the bytes of an element.
private enum Encoding {
    static func append(_ value: Double, as type: ElementType, to bytes: inout [UInt8]) {
        switch type {
        case .float32: append(Float(value).bitPattern, to: &bytes)
        case .float64: append(value.bitPattern, to: &bytes)
        case .float16: append(Float16(value).bitPattern, to: &bytes)
        case .bfloat16:
            append(UInt16(truncatingIfNeeded: Float(value).bitPattern >> 16), to: &bytes)
        case .int8: append(UInt8(bitPattern: Int8(clamping: whole(value))), to: &bytes)
        case .uint8: append(UInt8(clamping: whole(value)), to: &bytes)
        case .bool: append(UInt8(value > 0 ? 1 : 0), to: &bytes)
        case .int16: append(Int16(clamping: whole(value)), to: &bytes)
        case .uint16: append(UInt16(clamping: whole(value)), to: &bytes)
        case .int32: append(Int32(clamping: whole(value)), to: &bytes)
        case .uint32: append(UInt32(clamping: whole(value)), to: &bytes)
        case .int64: append(Int64(whole(value)), to: &bytes)
        case .uint64: append(UInt64(clamping: whole(value)), to: &bytes)
        }
    }

    private static func whole(_ value: Double) -> Int {
        Int(max(-1e15, min(1e15, value.rounded())))
    }

    private static func append<Word: FixedWidthInteger>(_ word: Word, to bytes: inout [UInt8]) {
        var rest = word
        for _ in 0..<(Word.bitWidth / 8) {
            bytes.append(UInt8(truncatingIfNeeded: rest))
            if Word.bitWidth > 8 { rest >>= 8 }
        }
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014): enough for probe values.
private struct SplitMix64 {
    var state: UInt64

    mutating func unit() -> Double {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return Double((word ^ (word >> 31)) >> 11) * 0x1p-53
    }
}
