internal import Messages
import Glibc

/// The outcome of `vigild --check`.
enum Check {
    /// Prints a line for every model; the exit code is 0 when the daemon would be ready.
    static func run(_ daemon: Daemon) -> Int32 {
        Task {
            let (changes, readiness) = await daemon.check()
            for change in changes { print(change) }
            for reason in readiness.reasons { print("not ready: \(reason)") }
            for reason in readiness.degraded { print("degraded: \(reason)") }
            if readiness.isReady { print("ready") }
            fflush(nil)
            _exit(readiness.isReady ? 0 : 1)
        }
        while true { pause() }
    }
}
