internal import Messages
import Logging
import Supervision

/// What the service manager is told, a tick at a time.
struct ServiceReport {
    let daemon: Daemon
    let notifier: ServiceNotifier
    let logger: Logger

    /// What start-up asks for, again at every tick while models load.
    private static let startSeconds = 30
    private var isReady = false
    private var isStopping = false
    private var isStuck = false
    private var status = ""

    init(daemon: Daemon, notifier: ServiceNotifier, logger: Logger) {
        self.daemon = daemon
        self.notifier = notifier
        self.logger = logger
    }

    /// Feeds the watchdog while every lane moves, and tells what has changed.
    mutating func tick() {
        let isLive = daemon.isLive()
        if isLive == isStuck {
            isStuck = !isLive
            if isStuck {
                logger.error("a lane is stuck: the watchdog is not fed")
            } else {
                logger.notice("every lane moves again")
            }
        }
        tell { () throws(SupervisionFailure) in
            if isLive { try notifier.feedWatchdog() }
            try tellState()
        }
    }

    /// Tells that the service stops within `seconds`.
    mutating func stopping(seconds: Int) {
        isStopping = true
        tell { () throws(SupervisionFailure) in
            try notifier.stopping()
            try notifier.extendTimeout(seconds: seconds + 1)
        }
    }

    private mutating func tellState() throws(SupervisionFailure) {
        if !isReady, !isStopping {
            if daemon.hasLoaded {
                isReady = true
                try notifier.ready()
            } else {
                try notifier.extendTimeout(seconds: Self.startSeconds)
            }
        }
        let readiness = daemon.readiness()
        let reasons = readiness.reasons + readiness.degraded
        let line =
            ([readiness.word] + reasons.prefix(1)).joined(separator: ": ")
            + reasons.dropFirst().map { "; \($0)" }.joined()
        guard line != status else { return }
        status = line
        logger.notice("readiness", metadata: ["state": "\(line)"])
        try notifier.status(line)
    }

    private func tell(_ send: () throws(SupervisionFailure) -> Void) {
        do {
            try send()
        } catch {
            logger.warning("\(error)")
        }
    }
}
