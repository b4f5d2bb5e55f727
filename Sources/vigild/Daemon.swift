import Catalog
import HTTPTransport
import Execution
import Lanes
import Logging
import Messages
import OnnxEngine
import Serving
import Settings
import Supervision
import Synchronization
import Telemetry
import TreeEngine
import ZeroMQTransport

/// The daemon put together: the only place that knows every part.
final class Daemon: OperationsSource {
    /// Version that replies and `vigil status` quote.
    static let version = "0.1.0"

    private let settings: DaemonSettings
    private let logger: Logger
    private let registry = MetricRegistry()
    private let pool = AnswerPool()
    private let roster: ModelRoster
    private let laneMetrics: LaneMetrics
    private let started = MonotonicClock.now()
    private let lane = Mutex<RouterLane?>(nil)
    private let reloads = ReloadQueue()
    private let loaded = Atomic<Bool>(false)

    init(settings: DaemonSettings, environment: ServiceEnvironment, logger: Logger) {
        self.settings = settings
        self.logger = logger
        laneMetrics = LaneMetrics(registry)
        let cache = settings.cache ?? environment["CACHE_DIRECTORY"]
        let states =
            settings.state ?? environment["STATE_DIRECTORY"].map { "\($0)/calibrations" }
        let engines = EngineLibrary(
            onnxRuntimePath: settings.onnxRuntime,
            xrt: settings.xrt,
            cache: cache
        )
        roster = ModelRoster(
            folder: ModelFolder(path: settings.models),
            registry: registry,
            ladders: cache.map { LadderFolder(path: $0) },
            states: states
        ) { source throws(EngineFailure) in try engines.make(source) }
        registerReadings()
    }

    /// Loads every model and says what came of it; for `--check`.
    func check() async -> (changes: [String], readiness: Readiness) {
        let changes = await reload()
        return (changes, roster.readiness())
    }

    /// Opens the endpoints; clients are answered from now on.
    func listen(inherited: [String: Int32]) throws(TransportFailure) {
        var transport = TransportSettings(
            endpoints: settings.endpoints.map {
                .init(address: $0, descriptor: inherited[$0])
            }
        )
        transport.ioThreads = settings.ioThreads
        transport.highWaterMark = settings.highWaterMark
        transport.maximumFrameBytes = settings.maximumFrameMebibytes << 20
        transport.maximumInFlight = settings.maximumInFlight
        transport.clientBacklogBytes = settings.clientBacklogMebibytes << 20
        transport.totalBacklogBytes = settings.totalBacklogMebibytes << 20
        transport.maximumWaitMilliseconds = settings.maximumWaitMilliseconds
        transport.lingerMilliseconds = settings.lingerMilliseconds
        transport.busyPollMicroseconds = settings.busyPollMicroseconds
        let opened = try RouterLane(
            settings: transport,
            roster: roster,
            pool: pool,
            metrics: laneMetrics
        ) { [self] request in await control(request) }
        lane.withLock { $0 = opened }
        for address in opened.addresses {
            logger.notice("listening", metadata: ["endpoint": "\(address)"])
        }
    }

    /// Reads the models again; returns a line for everything that changed or failed.
    @discardableResult
    func reload() async -> [String] {
        await reloads.run { [self] in await readModels { $0.reload() } }
    }

    /// Whether a card was lost since the last call, in whose place the CPU may answer.
    func takeNoticeOfLoss() -> Bool { roster.takeNoticeOfLoss() }

    /// Puts the CPU in the place of cards that are lost.
    func replaceLost() async {
        _ = await reloads.run { [self] in await readModels { $0.replaceLost() } }
    }

    /// On a thread of its own: the cooperative pool is not blocked.
    private func readModels(
        _ read: @escaping @Sendable (ModelRoster) -> [String]
    ) async -> [String] {
        let roster = roster
        let changes = await withCheckedContinuation { continuation in
            do {
                try LaneThread.runDetached(name: "reload") {
                    let changes = read(roster)
                    if !changes.isEmpty {
                        LaneThread.givingWay { ProcessMemory.giveBackFreed() }
                    }
                    continuation.resume(returning: changes)
                }
            } catch {
                continuation.resume(returning: ["failed: \(error)"])
            }
        }
        loaded.store(true, ordering: .sequentiallyConsistent)
        for change in changes {
            let level: Logger.Level = change.hasPrefix("failed") ? .error : .notice
            logger.log(level: level, "models", metadata: ["change": "\(change)"])
        }
        return changes
    }

    /// Refuses what is new, answers what was accepted, closes.
    ///
    /// Blocks at most until the lane has nothing left; the caller bounds it.
    func drain() async {
        roster.beginDrain()
        let lane = lane.withLock { $0 }
        let roster = roster
        await withCheckedContinuation { continuation in
            let drain: @Sendable () -> Void = {
                lane?.stop()
                roster.retireAll()
                continuation.resume()
            }
            do {
                try LaneThread.runDetached(name: "drain", body: drain)
            } catch {
                // Then the cooperative pool lends a thread: nothing else is left to be done.
                drain()
            }
        }
    }

    /// Whether the models were read once, with whatever result.
    var hasLoaded: Bool { loaded.load(ordering: .sequentiallyConsistent) }

    func readiness() -> Readiness { roster.readiness() }

    func metrics() -> [UInt8] { registry.render() }

    func models() -> [ModelDescription] { roster.descriptions() }

    func monitoring() -> [ModelMonitoring] { roster.monitoring() }

    /// Whether every lane moves: what the watchdog is fed for.
    func isLive() -> Bool {
        let now = MonotonicClock.now()
        return !(lane.withLock { $0?.isStuck(now: now) ?? false }) && !roster.hasStuckLane()
    }

    private func control(_ request: ControlRequest) async -> ControlReply {
        switch request {
        case .status:
            return .status(status())
        case .models(let name):
            let models = roster.descriptions()
            guard let name else { return .models(models) }
            let chosen = models.filter { $0.name == name }
            guard !chosen.isEmpty else { return .refusal(roster.missing(name)) }
            return .models(chosen)
        case .reload:
            return .reload(await reload())
        case .truth(let call):
            return await take(call)
        case .calibrations(let model, let version, let use):
            return await calibrations(model, version, use)
        case .monitoring(let name):
            let models = roster.monitoring()
            guard let name else { return .monitoring(models) }
            let chosen = models.filter { $0.model == name }
            guard !chosen.isEmpty else { return .refusal(roster.missing(name)) }
            return .monitoring(chosen)
        }
    }

    private func take(_ call: TruthCall) async -> ControlReply {
        do throws(Refusal) {
            let service = try roster.service(call.model, version: call.version)
            let outcome = await withCheckedContinuation { continuation in
                service.take(call) { continuation.resume(returning: $0) }
            }
            return .truth(try outcome.get())
        } catch {
            return .refusal(error)
        }
    }

    /// On a thread of its own, for it reads files.
    private func calibrations(
        _ model: String,
        _ version: String?,
        _ use: String?
    ) async -> ControlReply {
        do throws(Refusal) {
            let service = try roster.service(model, version: version)
            let outcome: Result<CalibrationsReport, Refusal> = await withCheckedContinuation {
                continuation in
                do {
                    try LaneThread.runDetached(name: "calibrations") {
                        do throws(Refusal) {
                            continuation.resume(
                                returning: .success(try service.calibrations(use: use))
                            )
                        } catch {
                            continuation.resume(returning: .failure(error))
                        }
                    }
                } catch {
                    continuation.resume(
                        returning: .failure(Refusal(.internal, "no thread: \(error)"))
                    )
                }
            }
            if use != nil, case .success = outcome {
                logger.notice(
                    "calibration chosen",
                    metadata: ["model": "\(model)", "calibration": "\(use ?? "")"]
                )
            }
            return .calibrations(try outcome.get())
        } catch {
            return .refusal(error)
        }
    }

    private func status() -> DaemonStatus {
        var status = DaemonStatus()
        let readiness = roster.readiness()
        status.version = Self.version
        status.isReady = readiness.isReady
        status.reasons = readiness.reasons
        status.degraded = readiness.degraded
        status.uptimeMicroseconds = (MonotonicClock.now() - started) / 1000
        status.endpoints = lane.withLock { $0?.addresses ?? [] }
        status.requests = UInt64(laneMetrics.messages.value)
        status.refusals = UInt64(laneMetrics.refused)
        status.events = UInt64(roster.eventsAnswered())
        status.inFlight = UInt64(laneMetrics.inFlight.value)
        return status
    }

    private func registerReadings() {
        let roster = roster
        registry.reading("vigil_ready", help: "1 while requests are welcome.") {
            roster.readiness().isReady ? 1 : 0
        }
        registry.reading(
            "vigil_degraded",
            help: "Versions that answer by other means than they should."
        ) { Double(roster.readiness().degraded.count) }
        ProcessMetrics.register(in: registry)
        DriftMetrics.register(in: registry) { roster.monitoring() }
        DeviceMetrics.register(in: registry) { roster.deviceCounts() }
        let started = started
        registry.reading("vigil_uptime_seconds", help: "Since the start.") {
            Double(MonotonicClock.now() - started) * 1e-9
        }
    }
}
