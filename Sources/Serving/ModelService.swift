internal import Calibration
public import Catalog
package import Execution
internal import Lanes
public import Messages
internal import Synchronization
package import Telemetry
internal import Tensors

/// One version of a model, loaded, warmed and served: its queue, its workers, its answers.
public final class ModelService: Sendable {
    /// Files that it was made from.
    public let source: ModelSource
    /// Name on the wire.
    let name: OwnedText
    /// Version on the wire.
    let version: OwnedText
    /// Inputs by their names on the wire, in the manifest's order (the engine's may differ).
    let inputNames: [OwnedText]
    let outputNames: [OwnedText]
    let batcher: Batcher
    let metrics: ModelMetrics
    let rawPlan: AnswerPlan
    let calibratedPlan: AnswerPlan?
    let planner: AnswerPlanner
    /// Streams that events came from.
    let streams = StreamTable()
    /// Plans that requests made by naming raw outputs.
    let namedPlans = NamedPlans()
    /// Watches the values of the events; nil where there are no references.
    private let drift: DriftMonitor?
    /// Why nothing is watched, or nil.
    private let driftReason: String?
    private let judge: DriftJudge
    /// Why calibrated answers are refused, or nil.
    let calibrationReason: String?
    /// Columns that calibrated answers need: three slots an uncertainty entry, one for each axis of its
    /// bins and one for its weight.
    let requestColumns: [OwnedText?]
    /// Whether there are any.
    let needsColumns: Bool
    /// Whether calibrated answers are drawn by event.
    let needsEventIds: Bool
    /// What each input must be, in the manifest's order.
    let inputRules: LentList<InputRule>
    /// Whether answers are calibrated unless raw ones are asked for.
    let declaresUncertainty: Bool
    /// The calibration in use and what truths make of it, where the model takes some.
    let live: LiveCalibration?
    /// Whether there is one: a look at it counts references.
    let isLive: Bool
    private let truthLane = Mutex<TruthLane?>(nil)
    /// Runs tiny batches on the transport's lane; nil when not even one event is cheap enough.
    let laneRunner: LaneRunner?
    private let engine: any Engine
    private let calibration: LoadedCalibration?
    private let plan: MicroBatchPlan
    private let refusedShapes: [Int]
    /// Why the ladder could not be kept or what was kept could not be used, or nil.
    let cacheProblem: String?
    private let workers: [WorkerLane]

    /// Loads, probes and warms a version; its workers run when this returns.
    ///
    /// Slow: seconds. What was measured before lies in `ladders`, or nowhere.
    package init(
        source: ModelSource,
        engine: any Engine,
        registry: MetricRegistry,
        ladders: LadderFolder? = nil,
        states: String? = nil,
        judge: DriftJudge
    ) throws(LoadFailure) {
        let manifest = source.manifest
        let folder = try Self.stateFolder(source, root: states)
        try SignatureCheck.check(manifest, engine)
        let order = try EngineOrder(manifest, engine)
        let ordered = order.wrap(engine)
        let (ladder, cacheProblem) = try Self.measure(manifest, source.digest, ordered, ladders)
        let plan = MicroBatchPlan(steps: ladder.steps)
        refusedShapes = ladder.refused
        self.cacheProblem = cacheProblem
        let running = LoadedCalibration.Running(
            engine: engine.version.split(separator: " ").first.map(String.init) ?? engine.version,
            engineVersion: engine.version,
            precision: manifest.precision.rawValue,
            deviceClass: manifest.device.deviceClass.rawValue,
            device: manifest.device.text
        )
        switch Self.calibration(source, running: running, folder: folder) {
        case .success(let loaded):
            calibration = loaded
            calibrationReason = nil
        case .failure(let absence):
            calibration = nil
            calibrationReason = absence.reason
        }
        let drift: DriftMonitor?
        switch LoadedReferences.find(source, running: running) {
        case .success(let loaded):
            // One lane for each worker, and the transport's.
            drift = DriftMonitor(loaded, lanes: manifest.instances + 1, bell: judge.bell)
            driftReason = nil
        case .failure(let absence):
            drift = nil
            driftReason = absence.reason
        }
        self.drift = drift
        self.judge = judge
        self.source = source.withoutArtefact
        self.engine = ordered
        self.plan = plan
        name = OwnedText(manifest.name)
        version = OwnedText(source.version)
        inputNames = manifest.inputs.map { OwnedText($0.signature.name) }
        outputNames = manifest.outputs.map { OwnedText($0.signature.name) }
        requestColumns = manifest.uncertainty.flatMap(Self.requestColumns)
        needsColumns = requestColumns.contains { $0 != nil }
        needsEventIds = manifest.uncertainty.contains(where: \.isRandomised)
        inputRules = LentList(repeating: InputRule(), capacity: manifest.inputs.count)
        for (index, input) in manifest.inputs.enumerated() {
            inputRules[index] = InputRule(input, name: inputNames[index].lent)
        }
        declaresUncertainty = !manifest.uncertainty.isEmpty
        planner = AnswerPlanner(
            manifest: manifest,
            rawProvenance: LoadedCalibration.provenance(
                source,
                running: running,
                file: nil,
                id: nil
            ),
            calibration: calibration
        )
        rawPlan = planner.raw(nil)
        calibratedPlan = planner.calibrated([])
        if let truths = manifest.truths, let calibration {
            live = LiveCalibration(
                calibration,
                source: source.withoutArtefact,
                truths: truths,
                running: running,
                folder: folder,
                streams: streams,
                registry: registry
            )
        } else {
            live = nil
        }
        isLive = live != nil
        let metrics = ModelMetrics(registry, model: manifest.name, version: source.version)
        self.metrics = metrics
        let batcher = Batcher(
            bells: try Self.makeBells(manifest.instances),
            queueRequests: manifest.queueRequests,
            queueBytes: manifest.queueBytes,
            delay: manifest.delay,
            plan: plan
        )
        self.batcher = batcher
        let gather = InputGather(
            manifest.inputs.map {
                GatherInput(
                    signature: $0.signature,
                    isRagged: $0.raggedMaximum != nil,
                    nonfinite: GatherInput.Nonfinite($0.nonfinite)
                )
            }
        )
        func makeRunner(lane: Int) throws(LoadFailure) -> BatchRunner {
            do {
                return unsafe BatchRunner(
                    batcher: batcher,
                    plan: plan,
                    gather: gather,
                    instance: try ordered.makeInstance(
                        maximumRows: plan.bestRows,
                        shapes: plan.steps.map(\.rows).filter { $0 <= plan.bestRows }
                    ),
                    inputNames: manifest.inputs.map(\.signature.name),
                    metrics: metrics,
                    drift: unsafe drift?.lane(lane)
                )
            } catch {
                throw LoadFailure("warming: \(error)")
            }
        }
        laneRunner =
            Self.isForLane(manifest, ordered, plan)
            ? LaneRunner(try makeRunner(lane: manifest.instances)) : nil
        var runners: [BatchRunner] = []
        for lane in 0..<manifest.instances { runners.append(try makeRunner(lane: lane)) }
        try Self.watch(drift, by: judge)
        do throws(LoadFailure) {
            workers = try Self.startWorkers(manifest, batcher, runners)
        } catch {
            if let drift { judge.remove(drift) }
            throw error
        }
        Self.register(batcher, source, engine: engine.version, in: registry)
        if let live {
            let lane: TruthLane
            do {
                lane = try TruthLane(self, live: live)
            } catch {
                if let drift { judge.remove(drift) }
                batcher.close()
                batcher.stop()
                for worker in workers { worker.join() }
                throw error
            }
            truthLane.withLock { $0 = lane }
        }
    }

    /// Where learned calibrations lie; a model that learns some must have such a place.
    private static func stateFolder(
        _ source: ModelSource,
        root: String?
    ) throws(LoadFailure) -> StateFolder? {
        guard let truths = source.manifest.truths else { return nil }
        guard let root else {
            guard truths.adaptation == .none else {
                throw LoadFailure(
                    "truths.adapt: learned calibrations are kept on disk, and the daemon has no folder for them (state)"
                )
            }
            return nil
        }
        return StateFolder(root: root, model: source.manifest.name, version: source.version)
    }

    /// The calibration to begin with: what was in use last, unless one that was made since lies beside
    /// the artefact.
    private static func calibration(
        _ source: ModelSource,
        running: LoadedCalibration.Running,
        folder: StateFolder?
    ) -> Result<LoadedCalibration, CalibrationAbsence> {
        let found = LoadedCalibration.find(source, running: running)
        guard let folder else { return found }
        do throws(FileFailure) {
            guard let choice = try folder.choice() else { return found }
            if case .success(let newest) = found, newest.file.date > choice.date { return found }
            for candidate in try folder.sources() + source.calibrations {
                guard
                    case .success(let loaded) = LoadedCalibration.load(candidate, source, running),
                    loaded.id == choice.id
                else { continue }
                return .success(loaded)
            }
            return .failure(
                .init(
                    reason:
                        "\(folder.path): the calibration in use, \(choice.id), does not fit or is gone"
                )
            )
        } catch {
            return .failure(.init(reason: "\(error)"))
        }
    }

    /// Takes truths; `answer` is called once, on another thread.
    public func take(
        _ truths: TruthCall,
        answer: @escaping @Sendable (Result<TruthAnswer, Refusal>) -> Void
    ) {
        guard let lane = truthLane.withLock({ $0 }) else {
            return answer(.failure(noTruths))
        }
        lane.take(truths, answer: answer)
    }

    /// The calibrations, after the one of an id came into use if one is named.
    ///
    /// Reads files: blocks.
    public func calibrations(use id: String?) throws(Refusal) -> CalibrationsReport {
        guard let live else { throw noTruths }
        if let id { try live.choose(id) }
        var report = CalibrationsReport()
        report.model = source.manifest.name
        report.version = source.version
        do throws(FileFailure) {
            report.calibrations = try live.list()
        } catch {
            throw Refusal(.internal, "\(error)")
        }
        report.coverage = live.standing()
        report.problem = live.complaint ?? ""
        return report
    }

    private var noTruths: Refusal {
        Refusal(
            .unsupported,
            source.manifest.truths == nil
                ? "model '\(source.manifest.name)' takes no truths: its manifest has no 'truths'"
                : "model '\(source.manifest.name)' is not calibrated: \(calibrationReason ?? "no calibration")",
            field: "model"
        )
    }

    /// Columns of the request that an entry needs, by its slots.
    private static func requestColumns(_ entry: Manifest.Uncertainty) -> [OwnedText?] {
        var slots = [OwnedText?](repeating: nil, count: MondrianGrid.maximumAxes + 1)
        for (axis, bins) in entry.bins.enumerated() { slots[axis] = name(bins.column) }
        slots[MondrianGrid.maximumAxes] = entry.weight.flatMap { name($0.column) }
        return slots
    }

    private static func name(_ column: Manifest.BinColumn) -> OwnedText? {
        guard case .request(let name) = column else { return nil }
        return OwnedText(name)
    }

    /// Slot of the column that an axis of an entry's bins cuts.
    static func binSlot(entry: Int, axis: Int) -> Int {
        entry * (MondrianGrid.maximumAxes + 1) + axis
    }

    /// Slot of the column that weighs an entry's events.
    static func weightSlot(entry: Int) -> Int {
        binSlot(entry: entry, axis: MondrianGrid.maximumAxes)
    }

    /// The uncertainty entry that a slot belongs to.
    static func entry(slot: Int) -> Int { slot / (MondrianGrid.maximumAxes + 1) }

    /// What the column of a slot does for its output, in words.
    static func purpose(slot: Int) -> String {
        slot == weightSlot(entry: entry(slot: slot))
            ? "weighs the events of" : "chooses the calibration bin of"
    }

    private static func watch(
        _ drift: DriftMonitor?,
        by judge: DriftJudge
    ) throws(LoadFailure) {
        do {
            if let drift { try judge.add(drift) }
        } catch {
            throw LoadFailure("starting lanes: \(error)")
        }
    }

    /// One for each worker.
    private static func makeBells(_ count: Int) throws(LoadFailure) -> [Bell] {
        do {
            return try (0..<count).map { _ throws(LaneFailure) in try Bell() }
        } catch {
            throw LoadFailure("starting lanes: \(error)")
        }
    }

    /// All or none.
    private static func startWorkers(
        _ manifest: Manifest,
        _ batcher: Batcher,
        _ runners: [BatchRunner]
    ) throws(LoadFailure) -> [WorkerLane] {
        var workers: [WorkerLane] = []
        do throws(LaneFailure) {
            for (index, runner) in runners.enumerated() {
                workers.append(
                    try WorkerLane(
                        index: index,
                        name: "\(manifest.name.prefix(12))-\(index)",
                        work: WorkerState(batcher: batcher, runner: runner)
                    )
                )
            }
        } catch {
            batcher.close()
            batcher.stop()
            for worker in workers { worker.join() }
            throw LoadFailure("starting lanes: \(error)")
        }
        return workers
    }

    /// The shapes to run at, as kept in `ladders` or measured now and kept from now on.
    private static func measure(
        _ manifest: Manifest,
        _ digest: String,
        _ engine: any Engine,
        _ ladders: LadderFolder?
    ) throws(LoadFailure) -> (ladder: Ladder, cacheProblem: String?) {
        let shapes = ShapeProbe.shapes(
            maximumRows: manifest.maximumRows,
            fixedRows: engine.fixedRows
        )
        let key = LadderKey(manifest, digest: digest, engine: engine, shapes: shapes)
        var known: Ladder?
        var problem: String?
        do throws(FileFailure) {
            known = try ladders?.read(key)
        } catch {
            problem = error.description
        }
        let ladder: Ladder
        let kept = known
        do throws(EngineFailure) {
            ladder = try LaneThread.givingWay { () throws(EngineFailure) in
                try ShapeProbe(engine: engine, ranges: ranges(manifest))
                    .measure(shapes: shapes, isReproducible: manifest.isReproducible, known: kept)
            }
        } catch {
            throw LoadFailure("warming: \(error)")
        }
        guard ladder != known else { return (ladder, nil) }
        do throws(FileFailure) {
            try ladders?.write(ladder, key)
        } catch {
            problem = error.description
        }
        return (ladder, problem)
    }

    /// Whether the transport's lane may run the model: its cost does not depend on values and is
    /// that of one thread, one event fits the lane's budget, no fixed delay gathers events first, and
    /// another instance costs no second copy of the weights.
    private static func isForLane(
        _ manifest: Manifest,
        _ engine: any Engine,
        _ plan: MicroBatchPlan
    ) -> Bool {
        engine.hasSteadyCost && manifest.device.deviceClass == .cpu && manifest.threads == 1
            && (manifest.delay == .chosen || manifest.delay == .fixed(microseconds: 0))
            && (manifest.engine == .tree || manifest.sharesSession)
            && LaneRunner.maximumRows(of: plan) > 0
    }

    /// Why readiness must be false because of this version, or nil.
    public func unreadyReason(now: UInt64) -> String? {
        if workers.contains(where: { $0.isStuck(now: now) }) {
            return "model \(source.manifest.name): a lane is stuck in a micro-batch"
        }
        if source.manifest.isRequired, source.manifest.requiresCalibration, calibratedPlan == nil,
            !source.manifest.uncertainty.isEmpty
        {
            return
                "model \(source.manifest.name): calibration is required: \(calibrationReason ?? "none")"
        }
        return nil
    }

    /// Whether a lane hangs in a micro-batch.
    public func hasStuckLane(now: UInt64) -> Bool {
        workers.contains { $0.isStuck(now: now) }
    }

    /// Events answered since it was loaded.
    var eventsAnswered: Int { metrics.eventsAnswered }

    /// What is read when the metrics are: the queue's depth, and the version as information.
    private static func register(
        _ batcher: Batcher,
        _ source: ModelSource,
        engine: String,
        in registry: MetricRegistry
    ) {
        let labels = [("model", source.manifest.name), ("version", source.version)]
        registry.reading(
            "vigil_queue_requests",
            help: "Requests that wait for a lane.",
            labels: labels
        ) { Double(batcher.depth.requests) }
        registry.reading(
            "vigil_queue_rows",
            help: "Events that wait for a lane.",
            labels: labels
        ) { Double(batcher.depth.rows) }
        registry.reading(
            "vigil_queue_bytes",
            help: "Bytes of requests and answers held.",
            labels: labels
        ) { Double(batcher.depth.bytes) }
        registry.reading(
            "vigil_model_info",
            help: "1 for every version that is loaded.",
            labels: infoLabels(source, engine: engine)
        ) { 1 }
    }

    private static func infoLabels(_ source: ModelSource, engine: String) -> MetricRegistry.Labels {
        [
            ("model", source.manifest.name), ("version", source.version),
            ("digest", source.digest), ("engine", engine),
            ("precision", source.manifest.precision.rawValue),
            ("device", source.manifest.device.text),
        ]
    }

    /// Forgets the metrics of this version, which `successor` may have replaced under its name: what
    /// it counts goes on under the same labels.
    func forgetMetrics(in registry: MetricRegistry, successor: ModelService?) {
        let own = Self.infoLabels(source, engine: engine.version)
        guard let successor else { return registry.remove(labels: Array(own.prefix(2))) }
        let others = Self.infoLabels(successor.source, engine: successor.engine.version)
        if !own.elementsEqual(others, by: ==) { registry.remove(labels: own) }
    }

    /// Admits nothing further, finishes what waits, ends the workers.
    ///
    /// Blocks until then.
    public func retire() {
        truthLane.withLock { lane in
            defer { lane = nil }
            return lane
        }?.stop()
        batcher.close()
        batcher.stop()
        for worker in workers { worker.join() }
        if let drift { judge.remove(drift) }
    }

    /// How its events compare with its references.
    var monitoring: ModelMonitoring {
        var report = drift?.report { streams.name($0) } ?? ModelMonitoring()
        report.model = source.manifest.name
        report.version = source.version
        report.reason = driftReason
        return report
    }

    /// The calibration in use.
    private var current: LoadedCalibration? { live?.answers.calibration ?? calibration }

    /// What clients and people are told about this version.
    public var description: ModelDescription {
        ModelDescription(
            source: source,
            engineVersion: engine.version,
            evaluation: engine.evaluation,
            calibrationId: current?.id,
            calibrationDate: current?.file.date,
            calibrationReason: calibrationReason,
            bins: current?.provenance.bins ?? [],
            plan: plan,
            refusedShapes: refusedShapes
        )
    }

    /// Ranges of probe values: the features' own where given, else the input's.
    private static func ranges(_ manifest: Manifest) -> [[ShapeProbe.Range]] {
        manifest.inputs.map { input in
            guard input.features.contains(where: { $0.range != nil }) else {
                return [(low: input.range.lowerBound, high: input.range.upperBound)]
            }
            return input.features.map { feature in
                let range = feature.range ?? input.range
                return (low: range.lowerBound, high: range.upperBound)
            }
        }
    }
}

/// Why a version cannot be served, in one line.
public struct LoadFailure: Error, Sendable, CustomStringConvertible {
    /// One line for people.
    public let description: String

    /// A reason.
    public init(_ description: String) {
        self.description = description
    }
}

extension GatherInput.Nonfinite {
    init(_ manifest: Manifest.Nonfinite) {
        switch manifest {
        case .refuse: self = .refuse
        case .flag: self = .flag
        case .missing: self = .missing
        }
    }
}
