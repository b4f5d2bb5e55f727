internal import Telemetry
internal import Execution
internal import Lanes
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
    init(index: Int, name: String, work: consuming WorkerState) throws(LaneFailure) {
        let box = WorkerBox(state: work)
        let mark = StartMark()
        thread = try LaneThread(name: name) {
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
    private var runner: BatchRunner
    private var completed: [FlightPointer] = unsafe []

    init(batcher: Batcher, runner: BatchRunner) {
        self.batcher = batcher
        self.runner = runner
        unsafe completed.reserveCapacity(runner.plan.bestRows)
    }

    /// Works until the batcher is stopped and empty.
    mutating func loop(worker index: Int, mark: StartMark) {
        var rows = 0
        runner.prepare()
        while true {
            let now = MonotonicClock.now()
            let next = unsafe batcher.exchange(
                worker: index,
                finished: &runner.segments,
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
                runner.run(rows: count)
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
            WorkerLane.stuckFactor * UInt64(runner.plan.nanoseconds(for: rows))
        )
    }
}
