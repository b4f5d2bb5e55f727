internal import Messages
import Glibc
import HTTPTransport
import Lanes
import Logging
import Settings
import Supervision

/// The life of the daemon: start, signals, watchdog, drain.
///
/// Runs on the main thread, which is none of the cooperative pool's and may block.
struct Operation {
    let daemon: Daemon
    let settings: DaemonSettings
    let environment: ServiceEnvironment
    let logger: Logger
    private let notifier: ServiceNotifier

    /// How often lanes are looked at when no watchdog asks for more.
    private static let tickNanoseconds: UInt64 = 1_000_000_000

    init(
        daemon: Daemon,
        settings: DaemonSettings,
        environment: ServiceEnvironment,
        logger: Logger
    ) {
        self.daemon = daemon
        self.settings = settings
        self.environment = environment
        self.logger = logger
        notifier = ServiceNotifier(environment, processId: getpid())
    }

    /// Runs until told to stop; the exit code is 0 when everything accepted was answered.
    func run() -> Int32 {
        do {
            try startHTTP()
            let sockets = try InheritedSockets(environment, processId: getpid())
            try daemon.listen(inherited: try sockets.assigned(to: settings.endpoints))
        } catch {
            logger.critical("cannot start", metadata: ["reason": "\(error)"])
            return 1
        }
        Task { await daemon.reload() }
        var report = ServiceReport(daemon: daemon, notifier: notifier, logger: logger)
        while true {
            report.tick()
            if daemon.takeNoticeOfLoss() { Task { await daemon.replaceLost() } }
            switch SignalLoop.next(nanoseconds: tick) {
            case .terminate:
                return drain(&report)
            case .reload:
                reload()
            case .httpFailed:
                return 1
            case .nothing, .drained:
                break
            }
        }
    }

    private var tick: UInt64 { min(Self.tickNanoseconds, notifier.watchdogNanoseconds ?? .max) }

    /// The pages are served until the process ends, so that probes see the drain to its end.
    private func startHTTP() throws(SupervisionFailure) {
        guard let port = settings.httpPort else { return }
        let server = OperationsServer(
            host: settings.httpHost,
            port: port,
            source: daemon,
            token: try Credentials(environment).secret("http-token"),
            logger: logger
        )
        let logger = logger
        Task {
            do {
                try await server.run { address in
                    logger.notice("listening", metadata: ["endpoint": "\(address)"])
                }
            } catch {
                logger.critical(
                    "HTTP failed",
                    metadata: [
                        "host": "\(settings.httpHost)", "port": "\(port)", "reason": "\(error)",
                    ]
                )
                SignalLoop.reportHTTPFailed()
            }
        }
    }

    private func reload() {
        let notifier = notifier
        let logger = logger
        Task {
            do {
                try notifier.reloading(nanoseconds: MonotonicClock.now())
                await daemon.reload()
                try notifier.ready()
            } catch {
                logger.warning("\(error)")
            }
        }
    }

    private func drain(_ report: inout ServiceReport) -> Int32 {
        logger.notice("draining", metadata: ["limit.seconds": "\(settings.drainSeconds)"])
        report.stopping(seconds: settings.drainSeconds)
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
            report.tick()
            switch SignalLoop.next(nanoseconds: min(tick, end - now)) {
            case .drained:
                logger.notice("stopped")
                return 0
            case .terminate:
                logger.warning("stopped before accepted work was finished")
                return 1
            case .reload, .httpFailed, .nothing:
                break
            }
        }
    }
}
