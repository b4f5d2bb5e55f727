internal import Execution
internal import Synchronization

/// Whether the device of a version is lost, and why; told by its lanes.
final class DeviceLoss: Sendable {
    private let failure = Mutex<EngineFailure?>(nil)
    private let isTold = Atomic<Bool>(false)
    private let isAnswered = Atomic<Bool>(false)

    /// Puts down the first failure that says so.
    func tell(_ failure: EngineFailure) {
        self.failure.withLock { $0 = $0 ?? failure }
        isTold.store(true, ordering: .releasing)
    }

    /// The failure, or nil while the device answers.
    var reason: EngineFailure? {
        isTold.load(ordering: .acquiring) ? failure.withLock { $0 } : nil
    }

    /// Whether something is to be done about it: true once, at the first call after the loss.
    func takeNotice() -> Bool {
        isTold.load(ordering: .acquiring) && !isAnswered.exchange(true, ordering: .relaxed)
    }
}
