internal import Messages
import Glibc
import Lanes
import Logging
import Settings

/// The life of the daemon: start, signals, watchdog, drain.
///
/// Runs on the main thread, which is none of the cooperative pool's and may block.
struct Operation {
    let daemon: Daemon
    let settings: DaemonSettings
    let logger: Logger

    /// How often lanes are looked at when no watchdog asks for more.
    private static let tickNanoseconds: UInt64 = 1_000_000_000

    /// Runs until told to stop; the exit code is 0 when everything accepted was answered.
    func run() -> Int32 {
        ProcessMemory.keepFreed()
        do {
            try daemon.listen(inherited: [:])
        } catch {
            logger.critical("cannot listen", metadata: ["reason": "\(error)"])
            return 1
        }
        Task { _ = await daemon.reload() }
        while true {
            switch SignalLoop.next(nanoseconds: Self.tickNanoseconds) {
            case .terminate:
                return drain()
            case .reload:
                Task { _ = await daemon.reload() }
            case .nothing, .drained:
                break
            }
        }
    }

    private func drain() -> Int32 {
        logger.notice("draining", metadata: ["limit.seconds": "\(settings.drainSeconds)"])
        Task {
            await daemon.drain()
            SignalLoop.reportDrained()
        }
        let end = MonotonicClock.now() + UInt64(settings.drainSeconds) * 1_000_000_000
        while true {
            let now = MonotonicClock.now()
            guard now < end else {
                logger.error("accepted work was not finished within the drain limit")
                return 1
            }
            switch SignalLoop.next(nanoseconds: end - now) {
            case .drained:
                logger.notice("stopped")
                return 0
            case .terminate:
                logger.warning("stopped before accepted work was finished")
                return 1
            case .reload, .nothing:
                break
            }
        }
    }
}

/// The outcome of `vigild --check`.
enum Check {
    /// Prints a line for every model; the exit code is 0 when the daemon would be ready.
    static func run(_ daemon: Daemon) -> Int32 {
        Task {
            let (changes, readiness) = await daemon.check()
            for change in changes { print(change) }
            for reason in readiness.reasons { print("not ready: \(reason)") }
            if readiness.isReady { print("ready") }
            fflush(nil)
            exit(readiness.isReady ? 0 : 1)
        }
        while true { pause() }
    }
}
