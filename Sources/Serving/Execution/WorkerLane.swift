internal import Telemetry
internal import Execution
internal import Lanes
internal import Messages
internal import Synchronization

/// The thread that runs one engine instance: takes micro-batches, runs them, writes answers.
final class WorkerLane: Sendable {
    private let thread: LaneThread
    private let mark: StartMark

    /// Longest time a micro-batch may take whatever it costs.
    static let stuckNanoseconds: UInt64 = 1_000_000_000
    /// Times its measured cost that a micro-batch may take.
    static let stuckFactor: UInt64 = 20

    /// Starts lane `index`.
    init(index: Int, name: String, work: consuming WorkerState) {
        let box = WorkerBox(state: work)
        let mark = StartMark()
        thread = LaneThread(name: name) {
            box.state.loop(worker: index, mark: mark)
        }
        self.mark = mark
    }

    /// Whether the micro-batch that runs has passed every limit.
    func isStuck(now: UInt64) -> Bool {
        let (started, limit) = mark.read()
        return started != 0 && now > started && now - started > limit
    }

    /// Waits for the thread to end.
    func join() {
        thread.join()
    }
}

/// When the running micro-batch was begun and how long it may take.
final class StartMark: Sendable {
    private let startedAt = Atomic<UInt64>(0)
    private let limit = Atomic<UInt64>(0)

    func begin(at now: UInt64, limit nanoseconds: UInt64) {
        limit.store(nanoseconds, ordering: .relaxed)
        startedAt.store(now, ordering: .releasing)
    }

    func end() {
        startedAt.store(0, ordering: .releasing)
    }

    func read() -> (started: UInt64, limit: UInt64) {
        (startedAt.load(ordering: .acquiring), limit.load(ordering: .relaxed))
    }
}

/// Carries a worker's state to its thread.
final class WorkerBox: @unchecked Sendable {
    // Safe because only the worker's thread touches it once it runs.
    var state: WorkerState

    init(state: WorkerState) {
        self.state = state
    }
}

/// What a worker owns.
@safe
struct WorkerState {
    private let batcher: Batcher
    private let plan: MicroBatchPlan
    private let gather: InputGather
    private let instance: any EngineInstance
    private let inputNames: [String]
    private let metrics: ModelMetrics
    private var segments: [BatchQueues.Segment] = []
    private var piece: [BatchQueues.Segment] = []
    private var completed: [FlightPointer] = unsafe []
    private var flagged: [Int] = []

    init(
        batcher: Batcher,
        plan: MicroBatchPlan,
        gather: InputGather,
        instance: any EngineInstance,
        inputNames: [String],
        metrics: ModelMetrics
    ) {
        self.batcher = batcher
        self.plan = plan
        self.gather = gather
        self.instance = instance
        self.inputNames = inputNames
        self.metrics = metrics
        segments.reserveCapacity(plan.bestRows)
        piece.reserveCapacity(plan.bestRows)
        unsafe completed.reserveCapacity(plan.bestRows)
        flagged.reserveCapacity(plan.bestRows)
    }

    /// Works until the batcher is stopped and empty.
    mutating func loop(worker index: Int, mark: StartMark) {
        var rows = 0
        while true {
            let now = MonotonicClock.now()
            let next = unsafe batcher.exchange(
                worker: index,
                finished: &segments,
                completed: &completed,
                rowsOfBatch: rows,
                now: now
            )
            for position in unsafe completed.indices {
                unsafe FlightDeck.complete(completed[position])
            }
            unsafe completed.removeAll(keepingCapacity: true)
            switch next {
            case .run(let count):
                rows = count
                mark.begin(at: now, limit: limit(rows: count))
                run(rows: count)
                mark.end()
            case .sleep(let nanoseconds):
                rows = 0
                if batcher.isFinished {
                    batcher.bell(of: index).stayAwake()
                    return
                }
                batcher.bell(of: index).sleep(nanoseconds: nanoseconds)
            }
        }
    }

    private func limit(rows: Int) -> UInt64 {
        max(
            WorkerLane.stuckNanoseconds,
            WorkerLane.stuckFactor * UInt64(plan.nanoseconds(for: rows))
        )
    }

    /// Runs the segments, cut into the shapes of the plan.
    private mutating func run(rows: Int) {
        metrics.microBatchRows.record(UInt64(rows))
        refuseNonfinite()
        var left = rows
        var segment = 0
        var taken = 0
        while left > 0 {
            let shape = plan.shape(for: left)
            piece.removeAll(keepingCapacity: true)
            var count = 0
            while count < shape, segment < segments.count {
                var part = segments[segment]
                part.firstRow += taken
                part.rows = min(part.rows - taken, shape - count)
                piece.append(part)
                count += part.rows
                taken += part.rows
                if taken == segments[segment].rows {
                    segment += 1
                    taken = 0
                }
            }
            run(pieceShape: shape)
            left -= count
        }
    }

    /// The worker that holds a flight's first row looks at all of its values, so that the row
    /// named is the first one whatever other workers do.
    private func refuseNonfinite() {
        for position in segments.indices {
            let segment = segments[position]
            guard segment.firstRow == 0,
                let found = unsafe gather.refusedRow(segment.flight)
            else { continue }
            batcher.refuse(
                segment,
                Refusal(
                    .invalid,
                    "a value of input '\(inputNames[found.input])' is not finite, allowed are finite values",
                    field: "inputs[\(found.input)]",
                    row: found.row
                )
            )
        }
    }

    private mutating func run(pieceShape shape: Int) {
        do {
            try runOnce(piece, shape: shape)
        } catch {
            // One request's failure must not be its neighbours': each runs again alone.
            for position in piece.indices {
                let part = piece[position]
                do {
                    try runOnce([part], shape: shape)
                } catch {
                    metrics.engineFailures.add(1)
                    batcher.refuse(
                        part,
                        Refusal(.internal, "the engine failed: \(error)")
                    )
                }
            }
        }
    }

    private mutating func runOnce(
        _ parts: [BatchQueues.Segment],
        shape: Int
    ) throws(EngineFailure) {
        flagged.removeAll(keepingCapacity: true)
        if parts.count == 1, parts[0].rows == shape,
            let lent = unsafe gather.lent(parts[0])
        {
            try unsafe instance.run(rows: shape, lentInput: lent)
        } else {
            var position = 0
            for index in parts.indices {
                gather.copy(parts[index], to: position, of: instance, flagged: &flagged)
                position += parts[index].rows
            }
            gather.pad(from: position, to: shape, of: instance)
            try instance.run(rows: shape)
        }
        let outputs = RawOutputs(instance: instance)
        var position = 0
        for index in parts.indices {
            let part = parts[index]
            if let plan = unsafe part.flight.pointee.plan {
                let mask = plan.write(
                    part,
                    position: position,
                    outputs: outputs,
                    flagged: flagged
                )
                if mask != 0 { batcher.flag(part, outputs: mask) }
            }
            position += part.rows
        }
    }
}
