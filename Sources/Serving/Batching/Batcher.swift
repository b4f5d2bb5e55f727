package import Catalog
package import Execution
package import Lanes
package import Messages
internal import Synchronization

/// The bounded queue of one model version and the workers that empty it.
///
/// Admission offers flights; a worker, whenever it is free, takes the rows of one
/// micro-batch, so that a flight of many rows neither blocks one of a better priority nor
/// stays on one worker. One lock, held for some tens of nanoseconds.
package final class Batcher: @unchecked Sendable {
    // Safe because `state` is only touched under the lock.
    /// What a worker does next.
    package enum Next {
        /// Run the segments, of so many rows.
        case run(rows: Int)
        /// Sleep: nothing waits, or more events may come within so many nanoseconds.
        case sleep(nanoseconds: Int64)
    }

    private struct State {
        var queues = BatchQueues()
        var patience: Patience
        /// Bit i: worker i sleeps.
        var sleeping: UInt64 = 0
        /// Rows that end the wait for more events.
        var wakeRows = 1
        /// When that wait ends by itself.
        var wakeTime = UInt64.max
        var isStopped = false
    }

    /// Longest sleep of a worker without work: then its heartbeat moves.
    static let heartbeatNanoseconds: Int64 = 500_000_000

    private let lock = Mutex(())
    private var state: State
    private let bells: [Bell]
    private let queueRequests: Int
    private let queueBytes: Int
    private let targetRows: Int
    private let nanosecondsPerRow: Double

    /// A queue for as many workers as there are bells, which aim at the best micro-batches of `plan`.
    package init(
        bells: [Bell],
        queueRequests: Int,
        queueBytes: Int,
        delay: Manifest.Delay,
        plan: MicroBatchPlan
    ) {
        precondition((1...64).contains(bells.count))
        self.bells = bells
        self.queueRequests = queueRequests
        self.queueBytes = queueBytes
        state = State(patience: Patience(delay, plan: plan, lanes: bells.count))
        targetRows = plan.bestRows
        nanosecondsPerRow = Double(plan.nanoseconds(for: plan.bestRows)) / Double(plan.bestRows)
    }

    /// Bell that worker `index` sleeps on.
    func bell(of index: Int) -> Bell { bells[index] }

    /// What became of an offer.
    package enum Offer {
        case accepted
        case refused(Refusal)
        /// Another version has taken over.
        case closed
    }

    /// Puts a flight into the queue, or says why not; `rouse()` must follow.
    ///
    /// Deck's lane.
    package func offer(_ flight: FlightPointer) -> Offer {
        lock.withLock { _ in
            guard !state.queues.isClosed else { return .closed }
            if let refusal = unsafe Self.full(
                state.queues,
                flight,
                queueRequests,
                queueBytes,
                retryAfter(state.queues.rows)
            ) {
                return .refused(refusal)
            }
            unsafe state.queues.append(flight)
            // What the daemon makes up says nothing of how fast events come.
            if unsafe flight.pointee.stream != Flight.noStream {
                unsafe state.patience.count(flight.pointee.rows)
            }
            return .accepted
        }
    }

    /// Wakes as many sleeping workers as what waits makes micro-batches for.
    ///
    /// Once after any number of offers.
    package func rouse() {
        var woken = lock.withLock { _ -> UInt64 in
            guard state.sleeping != 0, let oldest = state.queues.oldest,
                oldest.hasTrigger || state.queues.rows >= state.wakeRows
                    || state.queues.latestStart < state.wakeTime
            else { return 0 }
            var woken: UInt64 = 0
            var rows = state.queues.rows
            while rows > 0, state.sleeping != 0 {
                let worker = state.sleeping & (~state.sleeping &+ 1)
                state.sleeping &= ~worker
                woken |= worker
                rows -= targetRows
            }
            return woken
        }
        while woken != 0 {
            bells[woken.trailingZeroBitCount].ring()
            woken &= woken &- 1
        }
    }

    /// Whether nothing waits or runs and new flights are welcome.
    package var isIdle: Bool {
        lock.withLock { _ in
            state.queues.isEmpty && !state.queues.isClosed && state.sleeping == allWorkers
        }
    }

    private var allWorkers: UInt64 { bells.count == 64 ? .max : (1 << UInt64(bells.count)) - 1 }

    private static func full(
        _ queues: borrowing BatchQueues,
        _ flight: FlightPointer,
        _ requests: Int,
        _ bytes: Int,
        _ retryAfter: UInt64
    ) -> Refusal? {
        if queues.requests >= requests {
            return Refusal(
                .overloaded,
                "\(queues.requests) requests wait, allowed are \(requests)",
                retryAfterMicroseconds: retryAfter
            )
        }
        // A request larger than the whole queue may pass while nothing else is there.
        if unsafe queues.bytes + flight.pointee.bytes > bytes, queues.bytes > 0 {
            return Refusal(
                .overloaded,
                "\(queues.bytes) bytes wait, allowed are \(bytes)",
                retryAfterMicroseconds: retryAfter
            )
        }
        return nil
    }

    /// Half of what waits should be done by then; at least a millisecond.
    private func retryAfter(_ rows: Int) -> UInt64 {
        max(1000, UInt64(nanosecondsPerRow * Double(rows) / Double(bells.count) / 2000))
    }

    /// Takes a flight out whose deadline passed.
    ///
    /// True when no worker holds rows of it.
    package func withdraw(_ flight: FlightPointer) -> Bool {
        lock.withLock { _ in
            unsafe state.queues.removeWaiting(flight)
            let done = unsafe flight.pointee.rowsDone
            // A flight whose every row is done is on its way to the deck already.
            let isFree = unsafe done == flight.pointee.rowsTaken && done < flight.pointee.rows
            if isFree {
                unsafe state.queues.forget(flight)
            } else {
                // Its remaining rows are never computed: it is done when those taken are.
                unsafe flight.pointee.rows = unsafe flight.pointee.rowsTaken
            }
            return isFree
        }
    }

    /// Hands finished segments in and takes the next micro-batch.
    ///
    /// Worker `index`.
    ///
    /// `completed` receives the flights of which every row is done.
    package func exchange(
        worker index: Int,
        finished: inout [BatchQueues.Segment],
        completed: inout [FlightPointer],
        rowsOfBatch: Int,
        now: UInt64
    ) -> Next {
        lock.withLock { _ in
            for position in finished.indices {
                let segment = finished[position]
                unsafe Self.finish(segment, &state.queues, rowsOfBatch, now, into: &completed)
            }
            finished.removeAll(keepingCapacity: true)
            guard let oldest = state.queues.oldest else {
                state.wakeRows = 1
                state.wakeTime = .max
                state.sleeping |= 1 << UInt64(index)
                // Under the lock: an offer that follows finds the bell ready to ring.
                bells[index].prepareToSleep()
                return .sleep(nanoseconds: Self.heartbeatNanoseconds)
            }
            state.patience.choose(now: now)
            let end = min(oldest.arrival + state.patience.nanoseconds, state.queues.latestStart)
            if now < end, state.queues.rows < state.patience.rows, !oldest.hasTrigger {
                state.wakeRows = state.patience.rows
                state.wakeTime = end
                state.sleeping |= 1 << UInt64(index)
                // Under the lock: an offer that follows finds the bell ready to ring.
                bells[index].prepareToSleep()
                return .sleep(nanoseconds: Int64(end - now))
            }
            state.sleeping &= ~(1 << UInt64(index))
            return .run(rows: state.queues.take(limit: targetRows, now: now, into: &finished))
        }
    }

    /// Refuses the flight that `segment` belongs to; its rows that wait are not computed.
    package func refuse(_ segment: BatchQueues.Segment, _ refusal: Refusal) {
        let flight = unsafe segment.flight
        lock.withLock { _ in
            unsafe state.queues.removeWaiting(flight)
            unsafe flight.pointee.rows = unsafe flight.pointee.rowsTaken
            if unsafe !flight.pointee.isRefused { unsafe flight.pointee.refusal = refusal }
        }
    }

    /// Records flags of a segment's outputs.
    package func flag(_ segment: BatchQueues.Segment, outputs: UInt32) {
        let flight = unsafe segment.flight
        lock.withLock { _ in
            unsafe flight.pointee.flaggedOutputs |= outputs
        }
    }

    /// Records that device `device` of the engine answered a segment.
    package func note(_ segment: BatchQueues.Segment, answeredBy device: Int) {
        let flight = unsafe segment.flight
        lock.withLock { _ in
            unsafe flight.pointee.answeredBy |= 1 << UInt8(device)
            let devices = unsafe Int(flight.pointee.answeredBy)
            unsafe flight.pointee.plan?._withUnsafeGuaranteedRef { plan in
                unsafe flight.pointee.layout = .passUnretained(plan.byDevices[devices])
            }
        }
    }

    private static func finish(
        _ segment: BatchQueues.Segment,
        _ queues: inout BatchQueues,
        _ rowsOfBatch: Int,
        _ now: UInt64,
        into completed: inout [FlightPointer]
    ) {
        let flight = unsafe segment.flight
        unsafe flight.pointee.rowsDone += segment.rows
        unsafe flight.pointee.largestBatch = unsafe max(flight.pointee.largestBatch, rowsOfBatch)
        guard unsafe flight.pointee.rowsDone == flight.pointee.rows else { return }
        unsafe flight.pointee.computeNanoseconds = now - min(now, unsafe flight.pointee.firstTaken)
        unsafe queues.forget(flight)
        unsafe completed.append(flight)
    }

    /// Requests that wait and rows of theirs that nobody took.
    package var depth: (requests: Int, rows: Int, bytes: Int) {
        lock.withLock { _ in (state.queues.requests, state.queues.rows, state.queues.bytes) }
    }

    /// Admits nothing further; what waits is still run.
    package func close() {
        lock.withLock { _ in state.queues.isClosed = true }
    }

    /// Ends the workers once nothing waits.
    package func stop() {
        lock.withLock { _ in state.isStopped = true }
        for bell in bells { bell.ring() }
    }

    /// Whether workers should end: stopped, and nothing waits.
    package var isFinished: Bool {
        lock.withLock { _ in state.isStopped && state.queues.isEmpty }
    }
}
