internal import Messages
internal import Synchronization
internal import Tensors

/// The explanation that one flight asks for: made at admission, handed to the lane when the events
/// are scored, given back with its outcome.
@safe
final class ExplanationJob: @unchecked Sendable {
    // Safe because what is lent is set by the transport's lane before the job is handed over, and stays
    // until the flight, completed by the explaining lane, is released.
    private let queue: ExplanationQueue
    private let nanoseconds: UInt64
    private let result = Mutex<Result<Attributions, Refusal>?>(nil)
    private var flight: FlightPointer?

    /// Events.
    private(set) var rows = 0
    /// When the explanation is worth nothing any more.
    private(set) var deadline: UInt64 = 0
    /// What is drawn at random is a function of it and the events' ids.
    private(set) var seed: UInt64 = 0
    /// One an event, or nil.
    private(set) var eventIds: UnsafeRawPointer?
    /// First byte of each input, in the model's order, and of its row splits.
    private(set) var inputs: InlineArray<8, UnsafeRawPointer?> = unsafe .init(repeating: nil)
    private(set) var splits: InlineArray<8, UnsafeRawPointer?> = unsafe .init(repeating: nil)

    init(_ queue: ExplanationQueue, nanoseconds: UInt64) {
        self.queue = queue
        self.nanoseconds = nanoseconds
    }

    deinit { queue.forget(nanoseconds: nanoseconds) }

    /// What came of it, once it is done.
    var outcome: Result<Attributions, Refusal>? { result.withLock { $0 } }

    /// Hands the job of a scored flight to the lane; the flight completes again with the outcome.
    ///
    /// The transport's lane. False when it comes too late; then the outcome says so.
    func handOver(_ flight: FlightPointer) -> Bool {
        unsafe self.flight = unsafe flight
        rows = unsafe flight.pointee.rows
        deadline = unsafe flight.pointee.deadline
        seed = unsafe flight.pointee.seed
        unsafe eventIds = unsafe flight.pointee.eventIds
        unsafe inputs = unsafe flight.pointee.inputs
        unsafe splits = unsafe flight.pointee.splits
        if queue.put(self) { return true }
        result.withLock { $0 = .failure(Self.retired) }
        return false
    }

    /// Says what came of it and completes the flight; once.
    func finish(_ outcome: Result<Attributions, Refusal>) {
        guard let flight = unsafe flight else { preconditionFailure("a job that was handed over") }
        result.withLock { $0 = outcome }
        unsafe FlightDeck.complete(flight)
    }

    /// What a job is told that comes too late.
    static var retired: Refusal {
        Refusal(
            .unavailable,
            "the model is being replaced, or the daemon is draining",
            retryAfterMicroseconds: Admission.retryMicroseconds
        )
    }
}
