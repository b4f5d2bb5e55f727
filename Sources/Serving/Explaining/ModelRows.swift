internal import Catalog
internal import Execution
internal import Lanes
internal import Messages
internal import Tensors

/// What a version's model answers to rows of its input, through its own queue, a piece at a time.
@safe
final class ModelRows: @unchecked Sendable {
    // Safe because only the thread of its lane uses it once that runs.
    /// Micro-batches of a piece for each worker: fewer hand-overs, and still soon done.
    private static let microBatches = 4
    /// Bytes of a piece, beyond its first row.
    private static let pieceBytes = 8 << 20

    private let scorer: InProcessScorer
    private let plan: AnswerPlan
    private let queue: ExplanationQueue
    private let bell: Bell
    /// Rows of a piece.
    let pieceRows: Int
    /// Numbers of a row.
    private let features: Int
    private let memory: AlignedBuffer
    private var deadline: UInt64 = 0

    init(
        _ service: ModelService,
        _ loaded: LoadedExplanation,
        bell: Bell,
        queue: ExplanationQueue
    ) {
        scorer = InProcessScorer(service, bell: bell)
        plan = service.planner.raw([loaded.rawOutput])
        self.queue = queue
        self.bell = bell
        features = loaded.rowFeatures
        let bytes = max(1, features) * MemoryLayout<Float>.stride
        let manifest = service.source.manifest
        let rows = service.bestRows * manifest.instances * Self.microBatches
        pieceRows = max(1, min(rows, Self.pieceBytes / bytes))
        memory = AlignedBuffer(byteCount: pieceRows * bytes)
    }

    /// Begins the rows of a job.
    func begin(_ job: ExplanationJob) { deadline = job.deadline }

    /// Looks, between two pieces of work, whether there is still somebody to do it for.
    func pause() throws(Refusal) {
        if queue.isStopped { throw ExplanationJob.retired }
        guard MonotonicClock.now() < deadline else {
            throw Refusal(
                .deadlineExceeded,
                "not explained within the request's time",
                field: "deadline_microseconds"
            )
        }
    }

    /// Appends what the model answers to `count` rows, written one by one by `write`, which gets a
    /// row's number, the buffer, and where in it the row's features go.
    func answers(
        to count: Int,
        into answers: inout [Double],
        write: (_ row: Int, _ buffer: inout MutableSpan<Float>, _ offset: Int) -> Void
    ) throws(Refusal) {
        var first = 0
        while first < count {
            let rows = min(pieceRows, count - first)
            let buffer = unsafe UnsafeMutableBufferPointer(
                start: memory.base.assumingMemoryBound(to: Float.self),
                count: rows * features
            )
            var span = unsafe buffer.mutableSpan
            for row in 0..<rows { write(first + row, &span, row * features) }
            var inputs: InlineArray<8, UnsafeRawPointer?> = unsafe .init(repeating: nil)
            unsafe inputs[0] = UnsafeRawPointer(memory.base)
            let bytes = buffer.count * MemoryLayout<Float>.stride
            answers += unsafe try run(rows, inputs, .init(repeating: nil), bytes: bytes).numbers
            first += rows
        }
    }

    /// What the model answers to the events of a job as they came.
    func answers(toEventsOf job: ExplanationJob) throws(Refusal) -> Answers {
        try unsafe run(job.rows, job.inputs, job.splits, bytes: 0)
    }

    /// The numbers of the output, all those of a row after the other, and which rows carry none
    /// because an input is not finite.
    struct Answers {
        var numbers: [Double]
        var isFlagged: [Bool]
    }

    /// Runs rows as soon as the queue has room for them.
    private func run(
        _ rows: Int,
        _ inputs: InlineArray<8, UnsafeRawPointer?>,
        _ splits: InlineArray<8, UnsafeRawPointer?>,
        bytes: Int
    ) throws(Refusal) -> Answers {
        while true {
            try pause()
            do throws(Refusal) {
                return unsafe try scorer.run(until: deadline) { flight in
                    unsafe fill(flight, rows, inputs, splits, bytes: bytes)
                } read: { flight in
                    unsafe read(flight)
                }
            } catch {
                guard error.code == .overloaded else { throw error }
                let wait = (error.retryAfterMicroseconds ?? Admission.retryMicroseconds) * 1000
                bell.prepareToSleep()
                bell.sleep(nanoseconds: Int64(clamping: wait))
            }
        }
    }

    private func fill(
        _ flight: FlightPointer,
        _ rows: Int,
        _ inputs: InlineArray<8, UnsafeRawPointer?>,
        _ splits: InlineArray<8, UnsafeRawPointer?>,
        bytes: Int
    ) {
        unsafe flight.pointee.plan = .passUnretained(plan)
        unsafe flight.pointee.rows = rows
        unsafe flight.pointee.inputs = unsafe inputs
        unsafe flight.pointee.splits = unsafe splits
        unsafe flight.pointee.wideColumns = 0
        unsafe flight.pointee.stream = Flight.noStream
        unsafe flight.pointee.eventIds = nil
        unsafe flight.pointee.isRaw = true
        unsafe flight.pointee.priority = .bulk
        unsafe flight.pointee.bytes = bytes
    }

    private func read(_ flight: FlightPointer) -> Answers {
        guard let base = unsafe flight.pointee.answer else {
            preconditionFailure("a flight that ran has an answer")
        }
        let rows = unsafe flight.pointee.rows
        let section = plan.layout.sections[0]
        let count = rows * section.strideBytes / section.type.byteCount
        let place = unsafe base + flight.pointee.offsets[0]
        let numbers: [Double] =
            section.type == .float64
            ? (0..<count).map { unsafe place.load(fromByteOffset: $0 * 8, as: Double.self) }
            : (0..<count).map { Double(unsafe place.load(fromByteOffset: $0 * 4, as: Float.self)) }
        var isFlagged = [Bool](repeating: false, count: rows)
        if let flags = plan.layout.outputs[0].flags {
            let place = unsafe base + flight.pointee.offsets[flags]
            for row in 0..<rows {
                isFlagged[row] = unsafe place.load(fromByteOffset: row, as: UInt8.self) != 0
            }
        }
        return Answers(numbers: numbers, isFlagged: isFlagged)
    }
}
