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
@safe
public final class Admission {
    /// Wait that a refusal suggests while the daemon or a model is not there yet.
    static let retryMicroseconds: UInt64 = 100_000

    private let roster: ModelRoster
    private let pool: AnswerPool
    private let deck: FlightDeck
    private let maximumWaitNanoseconds: UInt64
    /// Behind a pointer, so that the request path has no checks of exclusive access.
    private let state: UnsafeMutablePointer<AdmissionState>
    /// Between look-up and dispatch another version may have taken over: then a flight is admitted
    /// again, this often.
    private static let dispatchRounds = 3

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
        roster.returns.addLane()
        let generation = roster.currentGeneration
        unsafe state = .allocate(capacity: 1)
        unsafe state.initialize(
            to: AdmissionState(
                tables: HeldTables(
                    roster.current,
                    generation: generation,
                    returns: roster.returns
                )
            )
        )
    }

    deinit {
        roster.returns.removeLane()
        unsafe state.deinitialize(count: 1)
        unsafe state.deallocate()
    }

    /// Admits a request into a claimed flight, or says why not (then the caller releases the
    /// flight).
    ///
    /// The flight waits for the next `dispatch`. The request's memory must stay until it is released.
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
        refresh()
        let service = try unsafe find(request)
        unsafe flight.pointee.service = unsafe service
        unsafe try RequestCheck(service).fill(flight, from: request)
        unsafe try setDeadline(flight, request, arrival: arrival)
        unsafe enqueue(flight)
    }

    /// Remembers an admitted request with one dense tensor of `bytes` bytes and no columns, for
    /// `admitAgain`; false when it cannot be.
    public func remember(_ flight: FlightPointer, bytes: Int) -> Bool {
        // A plan that the flight owns goes with it.
        guard unsafe !flight.pointee.ownsPlan else { return false }
        unsafe state.pointee.repeated = unsafe RepeatedRequest(flight, bytes: bytes)
        return true
    }

    /// Admits a request that says the same as the one remembered, but for the values at `base`.
    ///
    /// False when it must be looked at again: the models have changed since, or none are welcome.
    public func admitAgain(
        _ flight: FlightPointer,
        from base: UnsafeRawPointer,
        arrival: UInt64
    ) -> Bool {
        refresh()
        guard !roster.isDraining,
            unsafe state.pointee.repeated.generation == state.pointee.tables.generation
        else { return false }
        unsafe state.pointee.repeated.fill(flight, from: base, arrival: arrival)
        unsafe enqueue(flight)
        return true
    }

    private func enqueue(_ flight: FlightPointer) {
        unsafe deck.prepareAnswer(flight, pool: pool)
        unsafe flight.pointee.generation = state.pointee.tables.generation
        unsafe state.pointee.tables.hold()
        unsafe append(flight)
    }

    /// Gives an admitted or refused flight back.
    public func release(_ flight: FlightPointer) {
        unsafe reset(flight)
        unsafe deck.putBack(flight)
    }

    /// Lets go of what a flight holds, so that it can be admitted again.
    public func reset(_ flight: FlightPointer) {
        unsafe deck.reset(flight)
        // Last: the table keeps alive what the flight pointed to.
        if unsafe flight.pointee.generation != 0 {
            unsafe state.pointee.tables.letGo(flight.pointee.generation)
            unsafe flight.pointee.generation = 0
        }
    }

    /// Takes a new table of models over; those of the old one are let go with their last flight.
    public func refresh() {
        guard unsafe roster.currentGeneration != state.pointee.tables.generation else { return }
        let generation = roster.currentGeneration
        unsafe state.pointee.tables.replace(with: roster.current, generation: generation)
    }

    /// Whether something was admitted since the last dispatch.
    public var hasWaiting: Bool { unsafe !state.pointee.waiting.isEmpty }

    /// Runs what was admitted since the last call, or queues it for the workers of its model.
    ///
    /// Tiny batches of a model that nothing waits for are run here, on the lane: that saves the two
    /// hand-overs to a worker and back. All others wake their workers once.
    ///
    /// - Parameters:
    ///   - now: the time, nanoseconds of the monotonic clock.
    ///   - done: called with each flight that has its answer or refusal; must release it.
    ///   - again: called with a flight, reset, whose version was replaced meanwhile; admits it
    ///     again, or refuses and releases it.
    public func dispatch(
        now: UInt64,
        done: (FlightPointer) -> Void,
        again: (FlightPointer) -> Void
    ) {
        var left = LaneRunner.budgetNanoseconds
        var round = 1
        while unsafe !state.pointee.waiting.isEmpty {
            unsafe swap(&state.pointee.waiting, &state.pointee.dispatched)
            for index in unsafe state.pointee.dispatched.indices {
                let service = unsafe state.pointee.dispatched[index].service
                unsafe service._withUnsafeGuaranteedRef { service in
                    if let runner = service.laneRunner,
                        let cost = unsafe runner.cost(
                            rows: state.pointee.dispatched[index].rows
                        ), cost <= left,
                        service.batcher.isIdle
                    {
                        left -= cost
                        unsafe runner.run(state.pointee.dispatched[index], now: now)
                        while let flight = unsafe state.pointee.dispatched[index].popFirst() {
                            unsafe done(flight)
                        }
                    } else {
                        unsafe queue(&state.pointee.dispatched[index], service, round, done, again)
                    }
                }
            }
            unsafe state.pointee.dispatched.removeAll(keepingCapacity: true)
            round += 1
        }
    }

    private func queue(
        _ pending: inout PendingFlights,
        _ service: ModelService,
        _ round: Int,
        _ done: (FlightPointer) -> Void,
        _ again: (FlightPointer) -> Void
    ) {
        while let flight = unsafe pending.popFirst() {
            switch unsafe service.batcher.offer(flight) {
            case .accepted:
                unsafe deck.watch(flight)
            case .refused(let refusal):
                unsafe flight.pointee.refusal = refusal
                unsafe done(flight)
            case .closed where round < Self.dispatchRounds:
                unsafe reset(flight)
                unsafe again(flight)
            case .closed:
                unsafe flight.pointee.refusal = Refusal(
                    .unavailable,
                    "the model is being replaced",
                    retryAfterMicroseconds: Self.retryMicroseconds
                )
                unsafe done(flight)
            }
        }
        service.batcher.rouse()
    }

    /// Records what an answered flight cost.
    ///
    /// Called by the lane when the reply is sent.
    public func record(_ flight: FlightPointer, now: UInt64) {
        unsafe flight.pointee.service?._withUnsafeGuaranteedRef { service in
            unsafe service.metrics.record(flight, now: now)
        }
    }

    private func append(_ flight: FlightPointer) {
        unsafe flight.pointee.next = nil
        guard let service = unsafe flight.pointee.service else {
            preconditionFailure("an admitted flight has a service")
        }
        for index in unsafe state.pointee.waiting.indices
        where unsafe state.pointee.waiting[index].service.toOpaque() == service.toOpaque() {
            unsafe state.pointee.waiting[index].append(flight)
            return
        }
        unsafe state.pointee.waiting.append(PendingFlights(service: service, first: flight))
    }

    /// The service asked for; the current table keeps it alive.
    private func find(
        _ request: borrowing ScoreRequest
    ) throws(Refusal) -> Unmanaged<ModelService> {
        guard !request.model.isEmpty else {
            throw Refusal(.invalid, "no model is named", field: "model")
        }
        let model = request.model
        let table = unsafe state.pointee.tables.current
        guard let place = table.entries.indices.first(where: { model.equals(table.names[$0]) })
        else {
            throw roster.missing(model.string)
        }
        if let only = unsafe table.served[place], request.version?.isEmpty ?? true {
            return unsafe only
        }
        let entry = table.entries[place]
        guard let first = entry.services.first else {
            let why = entry.problems.first?.message ?? "no version"
            throw Refusal(
                .unavailable,
                "model '\(entry.name.string)' does not serve: \(why)",
                field: "model",
                retryAfterMicroseconds: Self.retryMicroseconds
            )
        }
        guard let version = request.version, !version.isEmpty else {
            return unsafe .passUnretained(first)
        }
        guard let service = entry.services.first(where: { version.equals($0.version) }) else {
            throw Refusal(
                .notFound,
                "model '\(entry.name.string)' has no version '\(version.string)'",
                field: "version",
                near: entry.services.map(\.source.version)
            )
        }
        return unsafe .passUnretained(service)
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
}
