internal import Lanes
internal import Messages
internal import Synchronization

/// The explanations that one version has promised: their number is bounded from admission on, and
/// those whose events are scored wait here for the lane.
final class ExplanationQueue: Sendable {
    /// Explanations that are promised at most; one more is refused.
    static let capacity = 16

    private struct State {
        var promised = 0
        /// What all that is promised takes, estimated.
        var nanoseconds: UInt64 = 0
        var waiting: [ExplanationJob] = []
        var isClosed = false
        var isStopped = false
    }

    private let state = Mutex(State())
    private let bell: Bell

    /// A queue whose lane sleeps on `bell`.
    init(bell: Bell) { self.bell = bell }

    /// Explanations that are promised.
    var promised: Int { state.withLock { $0.promised } }

    /// Whether the version retires.
    var isStopped: Bool { state.withLock { $0.isStopped } }

    /// Promises an explanation, which keeps its place as long as the job lives.
    func promise(nanoseconds: UInt64) throws(Refusal) -> ExplanationJob {
        let (isFull, queued) = state.withLock { state in
            guard state.promised < Self.capacity else { return (true, state.nanoseconds) }
            state.promised += 1
            state.nanoseconds += nanoseconds
            return (false, state.nanoseconds)
        }
        guard !isFull else {
            throw Refusal(
                .overloaded,
                "\(Self.capacity) explanations wait, allowed are \(Self.capacity)",
                field: "extras",
                // The first of them is done by then.
                retryAfterMicroseconds: max(
                    Admission.retryMicroseconds,
                    queued / UInt64(Self.capacity) / 1000
                )
            )
        }
        return ExplanationJob(self, nanoseconds: nanoseconds)
    }

    /// Gives the place of a job back.
    func forget(nanoseconds: UInt64) {
        state.withLock { state in
            state.promised -= 1
            state.nanoseconds -= nanoseconds
        }
    }

    /// Puts a job in; false when no further one is taken.
    func put(_ job: ExplanationJob) -> Bool {
        let isTaken = state.withLock { state in
            guard !state.isClosed else { return false }
            state.waiting.append(job)
            return true
        }
        if isTaken { bell.ring() }
        return isTaken
    }

    /// The job that has waited longest, once there is one; nil when the version retires.
    ///
    /// The lane's thread.
    func next() -> ExplanationJob? {
        while true {
            bell.prepareToSleep()
            let (job, isStopped) = state.withLock { state in
                (state.waiting.isEmpty ? nil : state.waiting.removeFirst(), state.isStopped)
            }
            if isStopped || job != nil {
                bell.stayAwake()
                return job
            }
            bell.sleep(nanoseconds: -1)
        }
    }

    /// Takes no further job and refuses those that wait; the one that runs goes on.
    func close() {
        let left = state.withLock { state in
            state.isClosed = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for job in left { job.finish(.failure(ExplanationJob.retired)) }
    }

    /// Has the one that runs refused too, at its next piece.
    func stop() {
        close()
        state.withLock { $0.isStopped = true }
        bell.ring()
    }
}
