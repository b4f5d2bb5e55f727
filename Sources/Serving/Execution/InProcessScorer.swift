internal import Lanes
internal import Messages

/// Runs rows of the daemon's own through a version's queue, from one thread of that version.
@safe
final class InProcessScorer: @unchecked Sendable {
    // Safe because only the thread of its lane uses it, and the service outlives that.
    private unowned let service: ModelService
    private let bell: Bell
    private let deck: FlightDeck
    private let pool = AnswerPool()

    /// A scorer whose thread sleeps on `bell`.
    init(_ service: ModelService, bell: Bell) {
        self.service = service
        self.bell = bell
        deck = FlightDeck(capacity: 1, bell: bell)
    }

    /// Fills a flight, queues it, waits until its rows are done or its time is over, and reads its
    /// answer.
    func run<Value>(
        until deadline: UInt64,
        fill: (FlightPointer) throws(Refusal) -> Void,
        read: (FlightPointer) -> Value
    ) throws(Refusal) -> Value {
        guard let flight = unsafe deck.claim() else {
            preconditionFailure("one flight at a time")
        }
        defer { unsafe deck.release(flight) }
        unsafe flight.pointee.service = .passUnretained(service)
        unsafe try fill(flight)
        unsafe flight.pointee.arrival = MonotonicClock.now()
        unsafe flight.pointee.deadline = deadline
        unsafe deck.prepareAnswer(flight, pool: pool)
        switch unsafe service.batcher.offer(flight) {
        case .accepted: unsafe deck.watch(flight)
        case .refused(let refusal): throw refusal
        case .closed:
            throw Refusal(
                .unavailable,
                "the model is being replaced",
                retryAfterMicroseconds: Admission.retryMicroseconds
            )
        }
        service.batcher.rouse()
        if let refusal = wait(until: deadline) { throw refusal }
        if let refusal = unsafe flight.pointee.refusal { throw refusal }
        return unsafe read(flight)
    }

    /// Waits for the flight; the refusal if its time is over first.
    private func wait(until deadline: UInt64) -> Refusal? {
        var expired: Refusal?
        var isDone = false
        while !isDone {
            bell.prepareToSleep()
            if deck.hasCompleted {
                bell.stayAwake()
            } else {
                let now = MonotonicClock.now()
                // Past its deadline it waits for the worker that still holds rows of it.
                let end = deck.soonestDeadline ?? now + Self.heartbeatNanoseconds
                bell.sleep(nanoseconds: end > now ? Int64(clamping: end - now) : 0)
            }
            unsafe deck.takeCompleted { _ in isDone = true }
            unsafe deck.expire(now: MonotonicClock.now()) { _, refusal, isFree in
                expired = refusal
                isDone = isDone || isFree
            }
        }
        return expired
    }

    private static let heartbeatNanoseconds: UInt64 = 500_000_000
}
