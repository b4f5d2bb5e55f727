import Glibc

/// Signals as values: blocked in every thread, taken one at a time by the main thread.
enum SignalLoop {
    /// What arrived.
    enum Event {
        case terminate
        case reload
        /// The drain that `Operation` started has ended.
        case drained
        /// Nothing within the time given.
        case nothing
    }

    /// Sent by the daemon to itself when a drain has ended.
    private static let drainedSignal = SIGUSR1

    /// Blocks the signals in this thread and those it starts.
    ///
    /// Call first.
    static func block() {
        var set = signals()
        unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
        signal(SIGPIPE, SIG_IGN)
    }

    /// Waits for the next signal, at most `nanoseconds`.
    static func next(nanoseconds: UInt64) -> Event {
        var set = signals()
        var limit = timespec(
            tv_sec: Int(nanoseconds / 1_000_000_000),
            tv_nsec: Int(nanoseconds % 1_000_000_000)
        )
        switch unsafe sigtimedwait(&set, nil, &limit) {
        case SIGTERM, SIGINT: return .terminate
        case SIGHUP: return .reload
        case drainedSignal: return .drained
        // EAGAIN (time passed) and EINTR (a stop and continue).
        default: return .nothing
        }
    }

    /// Tells the loop that the drain has ended.
    ///
    /// Any thread.
    static func reportDrained() {
        kill(getpid(), drainedSignal)
    }

    private static func signals() -> sigset_t {
        var set = sigset_t()
        unsafe sigemptyset(&set)
        for number in [SIGTERM, SIGINT, SIGHUP, drainedSignal] { unsafe sigaddset(&set, number) }
        return set
    }
}
