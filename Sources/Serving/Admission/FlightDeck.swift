public import Lanes
public import Messages
internal import Synchronization
internal import Tensors

/// The flights of one transport lane: claimed, admitted, completed by workers, given back.
///
/// One lane owns it; only `complete` is called from other threads. Capacity is fixed: a
/// lane without a free flight refuses at once.
@safe
public final class FlightDeck: @unchecked Sendable {
    // Safe because everything but `completed` is touched by the owning lane alone.
    /// Most requests that are held at once.
    public let capacity: Int
    private let flights: FlightPointer
    /// A stack of the numbers of free flights.
    private let free: UnsafeMutablePointer<Int32>
    private var freeCount: Int
    /// `smallBytes` for each flight's answer.
    private let smallAnswers: UnsafeMutableRawPointer
    /// Section offsets of each flight's answer.
    private let offsets: UnsafeMutablePointer<Int>
    /// Answers up to this size need no block of the pool: one event of some ten sections.
    static let smallBytes = 1024
    private var deadlines: DeadlineHeap
    private let completed = Atomic<UInt>(0)
    private let bell: Bell

    /// A deck whose lane sleeps on `bell`.
    public init(capacity: Int, bell: Bell) {
        precondition(capacity > 0)
        self.capacity = capacity
        self.bell = bell
        unsafe flights = .allocate(capacity: capacity)
        unsafe free = .allocate(capacity: capacity)
        for slot in 0..<capacity { unsafe free[slot] = Int32(capacity - 1 - slot) }
        freeCount = capacity
        unsafe smallAnswers = .allocate(
            byteCount: capacity * Self.smallBytes,
            alignment: AlignedBuffer.alignment
        )
        unsafe offsets = .allocate(capacity: capacity * AnswerLayout.maximumSections)
        deadlines = DeadlineHeap(capacity: capacity)
        for slot in 0..<capacity {
            unsafe (flights + slot).initialize(
                to: Flight(
                    deck: self,
                    slot: slot,
                    offsets: offsets + slot * AnswerLayout.maximumSections
                )
            )
        }
    }

    deinit {
        unsafe flights.deinitialize(count: capacity)
        unsafe flights.deallocate()
        unsafe free.deallocate()
        unsafe smallAnswers.deallocate()
        unsafe offsets.deallocate()
    }

    /// Requests held.
    public var inFlight: Int { capacity - freeCount }

    /// A free flight, or nil when all are held.
    public func claim() -> FlightPointer? {
        guard freeCount > 0 else { return nil }
        freeCount &-= 1
        return unsafe flights + Int(free[freeCount])
    }

    /// Gives back a flight that was claimed and not admitted.
    public func putBack(_ flight: FlightPointer) {
        unsafe free[freeCount] = Int32(truncatingIfNeeded: flight.pointee.slot)
        freeCount &+= 1
    }

    /// The flight's own memory for a small answer.
    func smallAnswer(_ flight: FlightPointer) -> UnsafeMutableRawPointer {
        unsafe smallAnswers + flight.pointee.slot &* Self.smallBytes
    }

    /// Gives an admitted flight the memory of its answer, from `pool` unless it is small, and begins its
    /// count of rows.
    @inline(__always)
    func prepareAnswer(_ flight: FlightPointer, pool: AnswerPool) {
        guard let plan = unsafe flight.pointee.plan else {
            preconditionFailure("a checked request has a plan")
        }
        let rows = unsafe flight.pointee.rows
        let bytes = unsafe plan._withUnsafeGuaranteedRef { plan in
            var offset = 0
            unsafe flight.pointee.layout = .passUnretained(plan.layout)
            let strides = plan.layout.strides
            for index in strides.indices {
                unsafe flight.pointee.offsets[index] = offset
                offset &+= (strides[index] &* rows &+ 63) & ~63
            }
            return offset
        }
        if bytes <= Self.smallBytes {
            unsafe flight.pointee.answer = smallAnswer(flight)
            unsafe flight.pointee.isPooled = false
        } else {
            unsafe flight.pointee.answer = pool.take(byteCount: bytes)
            unsafe flight.pointee.isPooled = true
        }
        unsafe flight.pointee.bytes += bytes
        unsafe flight.pointee.rowsTaken = 0
        unsafe flight.pointee.rowsDone = 0
        unsafe flight.pointee.largestBatch = 0
        unsafe flight.pointee.flaggedOutputs = 0
        unsafe flight.pointee.answeredBy = 0
        unsafe flight.pointee.queueNanoseconds = 0
        unsafe flight.pointee.computeNanoseconds = 0
    }

    /// Gives a claimed flight back, and what it holds.
    package func release(_ flight: FlightPointer) {
        unsafe reset(flight)
        unsafe putBack(flight)
    }

    /// Lets go of what a flight holds; its answer, if it still has one, returns to the pool.
    func reset(_ flight: FlightPointer) {
        if unsafe flight.pointee.heapPosition >= 0 { unsafe deadlines.remove(flight) }
        if unsafe flight.pointee.isPooled, let answer = unsafe flight.pointee.answer {
            unsafe AnswerPool.giveBack(answer)
        }
        if unsafe flight.pointee.ownsPlan {
            unsafe flight.pointee.plan?.release()
            unsafe flight.pointee.ownsPlan = false
        }
        if unsafe flight.pointee.isExplained { unsafe forgetExplanation(flight) }
        if unsafe flight.pointee.isRefused { unsafe flight.pointee.refusal = nil }
        unsafe flight.pointee.answer = nil
        unsafe flight.pointee.service = nil
        unsafe flight.pointee.plan = nil
        unsafe flight.pointee.isAnswered = false
    }

    @inline(never)
    private func forgetExplanation(_ flight: FlightPointer) {
        unsafe flight.pointee.explanation?.release()
        unsafe flight.pointee.explanation = nil
    }

    /// Takes the answer's block away from the flight, for `readers` readers that each give it
    /// back by `AnswerPool.giveBack`.
    public func takeAnswer(_ flight: FlightPointer, readers: Int) -> UnsafeMutableRawPointer? {
        guard unsafe flight.pointee.isPooled, let answer = unsafe flight.pointee.answer else {
            return nil
        }
        unsafe AnswerPool.share(answer, readers: readers)
        unsafe flight.pointee.answer = nil
        return unsafe answer
    }

    /// Watches the deadline of an admitted flight.
    func watch(_ flight: FlightPointer) {
        unsafe deadlines.insert(flight)
    }

    /// Hands a scored flight to whoever explains it, which completes it again; false for a flight
    /// that asks for no explanation, or has got its outcome.
    public func explain(_ flight: FlightPointer) -> Bool {
        guard let job = unsafe flight.pointee.explanation else { return false }
        return unsafe job._withUnsafeGuaranteedRef { job in
            guard job.outcome == nil, unsafe job.handOver(flight) else { return false }
            // One that ran on the transport's lane is not watched yet.
            if unsafe flight.pointee.heapPosition < 0 { unsafe watch(flight) }
            return true
        }
    }

    /// What came of a flight's explanation; nil where none was asked for.
    public func explanation(_ flight: FlightPointer) -> Result<Attributions, Refusal>? {
        unsafe flight.pointee.explanation?._withUnsafeGuaranteedRef { $0.outcome }
    }

    /// The soonest deadline of a flight that is not answered, nanoseconds of the monotonic
    /// clock, or nil.
    public var soonestDeadline: UInt64? { deadlines.soonest }

    /// Called by a worker or by admission when every row is done.
    ///
    /// Any thread.
    static func complete(_ flight: FlightPointer) {
        let deck = unsafe flight.pointee.deck.takeUnretainedValue()
        var head = deck.completed.load(ordering: .relaxed)
        repeat {
            unsafe flight.pointee.nextCompleted = unsafe FlightPointer(bitPattern: head)
            let (exchanged, original) = deck.completed.compareExchange(
                expected: head,
                desired: UInt(bitPattern: flight),
                ordering: .acquiringAndReleasing
            )
            if exchanged { break }
            head = original
        } while true
        deck.bell.ring()
    }

    /// Whether a completed flight waits to be taken.
    public var hasCompleted: Bool { completed.load(ordering: .acquiring) != 0 }

    /// Takes the completed flights, oldest first; `take` must release each.
    ///
    /// Those whose `isAnswered` is set were answered before: their deadline had passed.
    public func takeCompleted(_ take: (FlightPointer) -> Void) {
        var next = unsafe FlightPointer(
            bitPattern: completed.exchange(0, ordering: .acquiringAndReleasing)
        )
        var reversed: FlightPointer?
        while let flight = unsafe next {
            unsafe next = unsafe flight.pointee.nextCompleted
            unsafe flight.pointee.nextCompleted = unsafe reversed
            unsafe reversed = unsafe flight
        }
        while let flight = unsafe reversed {
            unsafe reversed = unsafe flight.pointee.nextCompleted
            unsafe take(flight)
        }
    }

    /// Refuses every flight whose deadline has passed.
    ///
    /// `answer` sends the refusal and, when it is told that no worker holds rows of the flight,
    /// releases it; else the flight completes later.
    public func expire(now: UInt64, _ answer: (FlightPointer, Refusal, _ isFree: Bool) -> Void) {
        while let flight = unsafe deadlines.first, unsafe flight.pointee.deadline <= now {
            unsafe deadlines.remove(flight)
            let isFree =
                unsafe flight.pointee.service?._withUnsafeGuaranteedRef { service in
                    unsafe service.batcher.withdraw(flight)
                } ?? true
            unsafe flight.pointee.isAnswered = true
            unsafe answer(flight, Self.expired(flight, now: now), isFree)
        }
    }

    private static func expired(_ flight: FlightPointer, now: UInt64) -> Refusal {
        let allowed = unsafe (flight.pointee.deadline - flight.pointee.arrival) / 1000
        return Refusal(
            .deadlineExceeded,
            "not answered within \(allowed) microseconds of its read",
            field: "deadline_microseconds"
        )
    }
}
