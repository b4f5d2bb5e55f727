public import Catalog
public import Execution
internal import Lanes
public import Messages
internal import Synchronization
public import Telemetry
internal import Tensors

/// The versions that serve, by model: an immutable table that transports look names up in.
@safe
final class RosterTable: @unchecked Sendable {
    // Safe because nothing in it changes, and what it lends lives as long as the entries.
    /// A model and its loaded versions; the first is the one that serves when none is named.
    struct Entry: Sendable {
        let name: OwnedText
        let services: [ModelService]
        /// Why there is no version, or why a newer one is not among them.
        let problems: [ModelProblem]
        /// Whether the daemon is ready only while the model serves.
        let isRequired: Bool
    }

    let entries: [Entry]
    /// Name of each entry, and the version of it that serves when none is named, lent.
    let names: [LentText]
    let served: [Unmanaged<ModelService>?]

    init(entries: [Entry]) {
        self.entries = entries
        names = entries.map(\.name.lent)
        unsafe served = entries.map { entry in
            unsafe entry.services.first.map { unsafe .passUnretained($0) }
        }
    }
}

/// Which models serve; swapped as a whole by a reload, read by every lane.
public final class ModelRoster: Sendable {
    /// Makes the engine of a source: the composition root knows the libraries.
    public typealias EngineMaker = @Sendable (ModelSource) throws(EngineFailure) -> any Engine

    private let folder: ModelFolder
    private let makeEngine: EngineMaker
    private let registry: MetricRegistry
    private let ladders: LadderFolder?
    private let states: String?
    private let judge = DriftJudge()
    private let table = Mutex(RosterTable(entries: []))
    /// Moves with every swap; lanes compare it before they trust the table they hold.
    private let generation = Atomic<Int>(1)
    private let draining = Atomic<Bool>(false)
    /// Tables that lanes are done with.
    let returns = TableReturns()
    private let folderProblem = Mutex<String?>("models are loading")

    /// A roster of the models in `folder`; empty until the first reload.
    ///
    /// What is measured about models is kept in `ladders`, and what calibrations learn below the folder
    /// `states`, or nowhere.
    public init(
        folder: ModelFolder,
        registry: MetricRegistry,
        ladders: LadderFolder? = nil,
        states: String? = nil,
        makeEngine: @escaping EngineMaker
    ) {
        self.folder = folder
        self.registry = registry
        self.ladders = ladders
        self.states = states
        self.makeEngine = makeEngine
    }

    /// Generation of the current table.
    var currentGeneration: Int { generation.load(ordering: .acquiring) }

    /// The current table.
    var current: RosterTable { table.withLock { $0 } }

    /// Whether new requests are refused because the daemon stops.
    public var isDraining: Bool { draining.load(ordering: .relaxed) }

    /// Why the models are not those of the folder: not read yet, or unreadable; nil when they are.
    private var problem: String? { folderProblem.withLock { $0 } }

    /// What a request for a model that is not in the table is told: to come back while the models are
    /// not those of the folder, else the names near it.
    public func missing(_ name: String) -> Refusal {
        if let problem {
            return Refusal(
                .unavailable,
                "model '\(name)': \(problem)",
                field: "model",
                retryAfterMicroseconds: Admission.retryMicroseconds
            )
        }
        return Refusal(
            .notFound,
            "there is no model '\(name)'",
            field: "model",
            near: NearNames.near(name, among: current.entries.map(\.name.string))
        )
    }

    /// Refuses new requests from now on, and explanations that wait; whatever else was admitted is still
    /// answered.
    public func beginDrain() {
        draining.store(true, ordering: .sequentiallyConsistent)
        for entry in current.entries {
            for service in entry.services { service.explaining?.drain() }
        }
    }

    /// Reads the folder again: new and changed versions are loaded and warmed beside those that
    /// serve, then swapped in; what fails leaves the old one serving and says why.
    ///
    /// Blocks for seconds: never call it from a lane or the cooperative pool. One call at a time.
    ///
    /// - Returns: a line for everything that changed or failed.
    public func reload() -> [String] { reload(triesLost: true) }

    /// Puts the CPU in the place of versions whose card is lost, where their manifests allow it.
    ///
    /// Blocks like `reload`, and is a reload otherwise.
    public func replaceLost() -> [String] { reload(triesLost: false) }

    /// Whether a version's card was lost since the last call: then `replaceLost` should follow.
    public func takeNoticeOfLoss() -> Bool {
        current.entries.reduce(false) { found, entry in
            entry.services.reduce(found) { $1.mayFallBack && $1.loss.takeNotice() || $0 }
        }
    }

    private func reload(triesLost: Bool) -> [String] {
        let leftovers = Leftovers()
        let changes = reload(leaving: leftovers, triesLost: triesLost)
        LaneThread.givingWay { leftovers.letGo() }
        return changes
    }

    private func reload(leaving leftovers: Leftovers, triesLost: Bool) -> [String] {
        var scan: ModelFolder.Scan
        do {
            let folder = folder
            scan = try LaneThread.givingWay { () throws(FileFailure) in
                try folder.scan()
            }
        } catch {
            folderProblem.withLock { $0 = "model folder: \(error)" }
            return ["failed: \(error)"]
        }
        var update = RosterUpdate(
            old: current,
            makeEngine: makeEngine,
            registry: registry,
            ladders: ladders,
            states: states,
            judge: judge,
            triesLost: triesLost
        )
        update.apply(&scan, of: folder)
        let new = RosterTable(entries: update.entries)
        if !update.retired.isEmpty { returns.prepare() }
        table.withLock { $0 = new }
        generation.add(1, ordering: .sequentiallyConsistent)
        folderProblem.withLock { $0 = nil }
        for service in update.retired {
            service.retire()
            let successor = new.entries.lazy.flatMap(\.services).first {
                $0.source.manifest.name == service.source.manifest.name
                    && $0.source.version == service.source.version
            }
            service.forgetMetrics(in: registry, successor: successor)
        }
        let tables = update.retired.isEmpty ? [] : returns.collect()
        leftovers.keep(scan, update.retired, tables + [update.old])
        return update.changes
    }

    /// The version that a model's control requests mean, or why there is none.
    public func service(_ model: String, version: String?) throws(Refusal) -> ModelService {
        guard let entry = current.entries.first(where: { $0.name.string == model }) else {
            throw missing(model)
        }
        let chosen = entry.services.first { version == nil || $0.source.version == version }
        guard let chosen else {
            throw Refusal(
                .notFound,
                "model '\(model)' has no version '\(version ?? "")' that serves",
                field: "version",
                near: entry.services.map(\.source.version)
            )
        }
        return chosen
    }

    /// Ends every worker once its queue is empty.
    ///
    /// Blocks.
    public func retireAll() {
        for entry in current.entries { for service in entry.services { service.retire() } }
        judge.stop()
    }

    /// Why the daemon is not ready.
    ///
    /// Cheap enough for every probe.
    public func readiness() -> Readiness {
        var reasons: [String] = []
        var degraded: [String] = []
        if isDraining { reasons.append("draining") }
        if let problem { reasons.append(problem) }
        let now = MonotonicClock.now()
        for entry in current.entries {
            if entry.services.isEmpty, entry.isRequired {
                let why = entry.problems.first.map(\.message) ?? "no version"
                reasons.append("model \(entry.name.string): \(why)")
            }
            for service in entry.services.prefix(1) {
                if let reason = service.unreadyReason(now: now) { reasons.append(reason) }
            }
            for service in entry.services {
                if let reason = service.degradation { degraded.append(reason) }
            }
        }
        return Readiness(reasons: reasons, degraded: degraded)
    }

    /// Whether a lane of any version hangs.
    public func hasStuckLane() -> Bool {
        let now = MonotonicClock.now()
        return current.entries.contains { entry in
            entry.services.contains { $0.hasStuckLane(now: now) }
        }
    }

    /// Every version that serves and every model that does not.
    public func descriptions() -> [ModelDescription] {
        current.entries.flatMap { entry in
            var list = entry.services.map(\.description)
            let problems = entry.problems.map { problem in
                problem.version.map { "version \($0): \(problem.message)" } ?? problem.message
            }
            if list.isEmpty {
                var failed = ModelDescription()
                failed.name = entry.name.string
                failed.version = entry.problems.first?.version ?? ""
                failed.state = .failed
                failed.isRequired = entry.isRequired
                list = [failed]
            }
            list[0].reasons += problems
            return list
        }
    }

    /// What the devices of every version that has several have done.
    public func deviceCounts() -> [ModelDevices] {
        current.entries.flatMap { $0.services.compactMap(\.deviceCounts) }
    }

    /// How the events of every version that serves compare with its references.
    public func monitoring() -> [ModelMonitoring] {
        current.entries.flatMap { $0.services.map(\.monitoring) }
    }

    /// Events answered by the versions that serve.
    public func eventsAnswered() -> Int {
        current.entries.reduce(0) { sum, entry in
            sum + entry.services.reduce(0) { $0 + $1.eventsAnswered }
        }
    }
}

/// What a reload is done with: artefacts, versions and tables that nobody uses any more.
///
/// Unmapping their memory takes tens of milliseconds: they go on a thread that gives way.
private final class Leftovers: Sendable {
    private struct Kept {
        var scan: ModelFolder.Scan?
        var services: [ModelService] = []
        var tables: [RosterTable] = []
    }

    private let kept = Mutex(Kept())

    func keep(_ scan: ModelFolder.Scan, _ services: [ModelService], _ tables: [RosterTable]) {
        kept.withLock { $0 = Kept(scan: scan, services: services, tables: tables) }
    }

    func letGo() { kept.withLock { $0 = Kept() } }
}

/// One reload: from the old table and a scan to the new entries, what to retire, what to say.
private struct RosterUpdate {
    let old: RosterTable
    let makeEngine: ModelRoster.EngineMaker
    let registry: MetricRegistry
    let ladders: LadderFolder?
    let states: String?
    let judge: DriftJudge
    /// Whether versions whose card was lost are tried on it again.
    let triesLost: Bool
    var entries: [RosterTable.Entry] = []
    var retired: [ModelService] = []
    var changes: [String] = []

    init(
        old: RosterTable,
        makeEngine: @escaping ModelRoster.EngineMaker,
        registry: MetricRegistry,
        ladders: LadderFolder?,
        states: String?,
        judge: DriftJudge,
        triesLost: Bool
    ) {
        self.triesLost = triesLost
        self.old = old
        self.makeEngine = makeEngine
        self.registry = registry
        self.ladders = ladders
        self.states = states
        self.judge = judge
    }

    mutating func apply(_ scan: inout ModelFolder.Scan, of folder: ModelFolder) {
        let names = Set(scan.sources.map(\.manifest.name) + scan.problems.map(\.model)).sorted()
        for name in names {
            apply(
                name,
                scan.sources.filter { $0.manifest.name == name },
                scan.problems.filter { $0.model == name }
            ) { folder.nextOlder(than: $0, in: &scan) }
        }
        for entry in old.entries where !names.contains(entry.name.string) {
            changes.append("removed \(entry.name.string)")
            retired += entry.services
        }
    }

    private mutating func apply(
        _ name: String,
        _ sources: [ModelSource],
        _ found: [ModelProblem],
        nextOlder: (ModelSource) -> ModelSource?
    ) {
        var problems = found
        for problem in found {
            changes.append(
                "failed \(name)\(problem.version.map { " \($0)" } ?? ""): \(problem.message)"
            )
        }
        let before = old.entries.first { $0.name.string == name }
        var services: [ModelService] = []
        var waiting = sources[...]
        while let source = waiting.popFirst() {
            let same = before?.services.first { $0.source.isSame(as: source) }
            if let same, !mayReplace(same) {
                services.append(same)
                continue
            }
            do {
                let service = try load(source, inPlaceOf: same)
                services.append(service)
                changes.append("loaded \(name) \(source.version) \(source.digest)")
                if let problem = service.cacheProblem {
                    changes.append("cache of \(name) \(source.version): \(problem)")
                }
                if let reason = service.explaining?.description.reason {
                    changes.append("\(name) \(source.version) explains nothing: \(reason)")
                }
            } catch {
                changes.append("failed \(name) \(source.version): \(error)")
                if let same {
                    services.append(same)
                    continue
                }
                problems.append(.init(model: name, version: source.version, message: "\(error)"))
                if let older = nextOlder(source) { waiting.append(older) }
            }
        }
        // Whatever went wrong, a model that served goes on serving with what it had.
        if services.isEmpty, let before, !before.services.isEmpty {
            services = before.services
            changes.append("kept \(name) \(services[0].source.version)")
        }
        for service in before?.services ?? [] where !services.contains(where: { $0 === service }) {
            retired.append(service)
            changes.append("retired \(name) \(service.source.version)")
        }
        let isRequired =
            sources.first?.manifest.isRequired ?? before?.isRequired ?? true
        entries.append(
            .init(
                name: OwnedText(name),
                services: services,
                problems: problems,
                isRequired: isRequired
            )
        )
    }

    /// Whether something may take the place of a version that the folder still has: the CPU of a card
    /// that is lost, and the card again where the CPU stands in.
    private func mayReplace(_ service: ModelService) -> Bool {
        service.loss.reason == nil
            ? service.standInReason != nil && triesLost : service.mayFallBack || triesLost
    }

    /// Loads a version, on the CPU where the card of the one it takes the place of is lost and is not to
    /// be tried.
    private func load(
        _ source: ModelSource,
        inPlaceOf other: ModelService?
    ) throws(LoadFailure) -> ModelService {
        guard let other, let lost = other.loss.reason, other.mayFallBack else {
            return try load(source)
        }
        if triesLost {
            do throws(LoadFailure) {
                return try load(source)
            } catch {
                // The card is as lost as it was, which is said below.
            }
        }
        return try load(
            source.onCPU,
            standInReason: "\(source.manifest.device.text) is lost, the cpu answers: \(lost)"
        )
    }

    private func load(
        _ source: ModelSource,
        standInReason: String? = nil
    ) throws(LoadFailure) -> ModelService {
        let engine: any Engine
        do {
            let makeEngine = makeEngine
            // Threads of its own, which will answer requests, must not give way.
            engine =
                source.manifest.threads > 1
                ? try makeEngine(source)
                : try LaneThread.givingWay { () throws(EngineFailure) in
                    try makeEngine(source)
                }
        } catch {
            throw LoadFailure("\(source.version)/\(source.manifest.artefact): \(error)")
        }
        return try ModelService(
            source: source,
            engine: engine,
            gradient: GradientEngine.make(source, by: makeEngine),
            registry: registry,
            ladders: ladders,
            states: states,
            judge: judge,
            standInReason: standInReason
        )
    }
}
