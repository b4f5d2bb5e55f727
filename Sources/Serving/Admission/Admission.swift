internal import Telemetry
internal import Catalog
internal import Lanes
public import Messages
internal import Synchronization
internal import Tensors

/// Takes a lane's requests in: finds the model, checks every field against what the model takes,
/// and queues the flight.
///
/// One for each transport lane.
public final class Admission {
    /// Wait that a refusal suggests while the daemon or a model is not there yet.
    static let retryMicroseconds: UInt64 = 100_000

    private let roster: ModelRoster
    private let pool: AnswerPool
    private let deck: FlightDeck
    private let maximumWaitNanoseconds: UInt64
    private var table: RosterTable
    private var generation: Int

    /// Admission of the lane that owns `deck`; no request waits longer than `maximumWait`.
    public init(
        roster: ModelRoster,
        pool: AnswerPool,
        deck: FlightDeck,
        maximumWaitMilliseconds: Int
    ) {
        self.roster = roster
        self.pool = pool
        self.deck = deck
        maximumWaitNanoseconds = UInt64(maximumWaitMilliseconds) * 1_000_000
        generation = roster.currentGeneration
        table = roster.current
    }

    /// Admits a request into a claimed flight, or says why not (then the caller releases the
    /// flight).
    ///
    /// The request's memory must stay until the flight is released.
    public func admit(
        _ request: borrowing ScoreRequest,
        into flight: FlightPointer,
        arrival: UInt64
    ) throws(Refusal) {
        guard !roster.isDraining else {
            throw Refusal(
                .unavailable,
                "the daemon is draining",
                retryAfterMicroseconds: Self.retryMicroseconds
            )
        }
        // Twice: between look-up and offer another version may have taken over.
        for _ in 0..<2 {
            refresh()
            let service = try find(request)
            try unsafe RequestCheck(service).fill(flight, from: request)
            try unsafe setDeadline(flight, request, arrival: arrival)
            unsafe prepareAnswer(flight, service)
            switch unsafe service.batcher.offer(flight) {
            case .accepted:
                unsafe deck.watch(flight)
                return
            case .refused(let refusal):
                throw refusal
            case .closed:
                unsafe flight.pointee.service = nil
                if let answer = unsafe flight.pointee.answer { unsafe AnswerPool.giveBack(answer) }
                unsafe flight.pointee.answer = nil
            }
        }
        throw Refusal(
            .unavailable,
            "the model is being replaced",
            retryAfterMicroseconds: Self.retryMicroseconds
        )
    }

    /// Records what an answered flight cost.
    ///
    /// Called by the lane when the reply is sent.
    public func record(_ flight: FlightPointer, now: UInt64) {
        guard let metrics = unsafe flight.pointee.service?.metrics else { return }
        let priority = unsafe flight.pointee.priority.index
        metrics.requests[priority].add(1)
        unsafe metrics.events[priority].add(flight.pointee.rows)
        unsafe metrics.queue[priority].record(flight.pointee.queueNanoseconds)
        unsafe metrics.compute[priority].record(flight.pointee.computeNanoseconds)
        unsafe metrics.total[priority].record(now - min(now, flight.pointee.arrival))
    }

    private func refresh() {
        let newest = roster.currentGeneration
        guard newest != generation else { return }
        generation = newest
        table = roster.current
    }

    private func find(_ request: borrowing ScoreRequest) throws(Refusal) -> ModelService {
        guard !request.model.isEmpty else {
            throw Refusal(.invalid, "no model is named", field: "model")
        }
        let model = request.model
        guard let entry = table.entries.first(where: { model.equals($0.name) }) else {
            throw roster.missing(model.string)
        }
        guard let first = entry.services.first else {
            let why = entry.problems.first?.message ?? "no version"
            throw Refusal(
                .unavailable,
                "model '\(entry.name.string)' does not serve: \(why)",
                field: "model",
                retryAfterMicroseconds: Self.retryMicroseconds
            )
        }
        guard let version = request.version, !version.isEmpty else { return first }
        guard let service = entry.services.first(where: { version.equals($0.version) }) else {
            throw Refusal(
                .notFound,
                "model '\(entry.name.string)' has no version '\(version.string)'",
                field: "version",
                near: entry.services.map(\.source.version)
            )
        }
        return service
    }

    private func setDeadline(
        _ flight: FlightPointer,
        _ request: borrowing ScoreRequest,
        arrival: UInt64
    ) throws(Refusal) {
        var allowed = maximumWaitNanoseconds
        if let microseconds = request.deadlineMicroseconds {
            guard microseconds > 0 else {
                throw Refusal(
                    .deadlineExceeded,
                    "the deadline had passed when the request was read",
                    field: "deadline_microseconds"
                )
            }
            let (nanoseconds, isHuge) = microseconds.multipliedReportingOverflow(by: 1000)
            if !isHuge { allowed = min(allowed, nanoseconds) }
        }
        unsafe flight.pointee.arrival = arrival
        unsafe flight.pointee.deadline = arrival + allowed
    }

    private func prepareAnswer(_ flight: FlightPointer, _ service: ModelService) {
        guard let layout = unsafe flight.pointee.layout else {
            preconditionFailure("a checked request has a plan")
        }
        let rows = unsafe flight.pointee.rows
        var offset = 0
        for index in layout.sections.indices {
            unsafe flight.pointee.offsets[index] = offset
            offset += (layout.sections[index].strideBytes * rows + 63) & ~63
        }
        unsafe flight.pointee.answer = pool.take(byteCount: offset)
        unsafe flight.pointee.bytes += offset
        unsafe flight.pointee.service = service
        unsafe flight.pointee.rowsTaken = 0
        unsafe flight.pointee.rowsDone = 0
        unsafe flight.pointee.largestBatch = 0
        unsafe flight.pointee.flaggedOutputs = 0
        unsafe flight.pointee.queueNanoseconds = 0
        unsafe flight.pointee.computeNanoseconds = 0
    }
}
