import Glibc

/// Signals as values: blocked in every thread, taken one at a time by the main thread.
enum SignalLoop {
    /// What arrived.
    enum Event {
        case terminate
        case reload
        /// The drain that `Operation` started has ended.
        case drained
        /// HTTP cannot go on.
        case httpFailed
        /// Nothing within the time given.
        case nothing
    }

    /// Sent by the daemon to itself when a drain has ended.
    private static let drainedSignal = SIGUSR1
    /// Sent by the daemon to itself when HTTP has failed.
    private static let httpFailedSignal = SIGUSR2

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
        case httpFailedSignal: return .httpFailed
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

    /// Tells the loop that HTTP has failed.
    ///
    /// Any thread.
    static func reportHTTPFailed() {
        kill(getpid(), httpFailedSignal)
    }

    private static func signals() -> sigset_t {
        var set = sigset_t()
        unsafe sigemptyset(&set)
        for number in [SIGTERM, SIGINT, SIGHUP, drainedSignal, httpFailedSignal] {
            unsafe sigaddset(&set, number)
        }
        return set
    }
}
