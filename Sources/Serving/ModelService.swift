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
    /// Columns that calibrated answers need, by their slots.
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
    let truthLane = Mutex<TruthLane?>(nil)
    /// Explains scores; nil where the manifest does not say how.
    let explaining: Explaining?
    /// Runs tiny batches on the transport's lane; nil when not even one event is cheap enough.
    let laneRunner: LaneRunner?
    let engine: any Engine
    private let calibration: LoadedCalibration?
    private let plan: MicroBatchPlan
    private let refusedShapes: [Int]
    /// Why the ladder could not be kept or what was kept could not be used, or nil.
    let cacheProblem: String?
    private let workers: [WorkerLane]
    /// Whether the device is lost.
    let loss = DeviceLoss()
    /// Why the CPU cannot answer where the card is lost, or nil.
    private let fallbackProblem: String?
    /// Why it stands in for the version on its own device, or nil when it does not.
    let standInReason: String?

    /// Loads, probes and warms a version; its workers run when this returns.
    ///
    /// Slow: seconds. What was measured before lies in `ladders`, or nowhere.
    package init(
        source: ModelSource,
        engine: any Engine,
        gradient: Result<any Engine, ExplanationAbsence>? = nil,
        registry: MetricRegistry,
        ladders: LadderFolder? = nil,
        states: String? = nil,
        judge: DriftJudge,
        standInReason: String? = nil
    ) throws(LoadFailure) {
        self.standInReason = standInReason
        let manifest = source.manifest
        let folder = try Self.stateFolder(source, root: states)
        try SignatureCheck.check(manifest, engine)
        let order = try EngineOrder(manifest, engine)
        let ordered = WidenedEngine.wrap(order.wrap(engine))
        let (ladder, cacheProblem) = try Self.measure(manifest, source.digest, ordered, ladders)
        let plan = MicroBatchPlan(steps: ladder.steps)
        refusedShapes = ladder.refused
        self.cacheProblem = cacheProblem
        let running = LoadedCalibration.Running(
            engine: engine.version.split(separator: " ").first.map(String.init) ?? engine.version,
            engineVersion: engine.version,
            precision: manifest.precision.rawValue,
            deviceClass: manifest.device.deviceClass.rawValue,
            device: manifest.device.text,
            devices: engine.devices
        )
        let store = CalibrationStore(
            source: source.withoutArtefact,
            running: running,
            folder: folder
        )
        switch store.first() {
        case .success(let loaded):
            calibration = loaded
            calibrationReason = nil
        case .failure(let absence):
            calibration = nil
            calibrationReason = absence.reason
        }
        fallbackProblem = Self.fallbackProblem(source, running: running)
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
        requestColumns = manifest.uncertainty.flatMap(ColumnSlots.columns)
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
                store: store,
                truths: truths,
                streams: streams,
                registry: registry
            )
        } else {
            live = nil
        }
        isLive = live != nil
        explaining = try Explaining(
            source,
            engine: engine,
            gradient: gradient,
            plan: plan,
            ranges: Self.ranges(manifest),
            registry: registry
        )
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
        let loss = loss
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
                    hasDevices: engine.devices.count > 1,
                    hasRange: manifest.isFixedPoint,
                    loss: loss,
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
        do throws(LoadFailure) {
            if let live {
                let lane = try TruthLane(self, live: live)
                truthLane.withLock { $0 = lane }
            }
            try explaining?.start(self)
        } catch {
            retire()
            throw error
        }
    }

    /// Why readiness must be false because of this version, or nil.
    public func unreadyReason(now: UInt64) -> String? {
        if workers.contains(where: { $0.isStuck(now: now) }) {
            return "model \(source.manifest.name): a lane is stuck in a micro-batch"
        }
        if let lost = loss.reason {
            return "model \(source.manifest.name): \(source.manifest.device.text) is lost: \(lost)"
        }
        if source.manifest.isRequired, source.manifest.requiresCalibration, calibratedPlan == nil,
            !source.manifest.uncertainty.isEmpty
        {
            return
                "model \(source.manifest.name): calibration is required: \(calibrationReason ?? "none")"
        }
        return nil
    }

    /// What answers by other means than it should, or nil.
    public var degradation: String? {
        (standInReason ?? engine.degradation).map { "model \(source.manifest.name): \($0)" }
    }

    /// Whether the CPU may answer in its place.
    var mayFallBack: Bool { source.manifest.fallsBackToCPU && fallbackProblem == nil }

    /// What its devices have done; nil where there is one.
    var deviceCounts: ModelDevices? {
        guard engine.devices.count > 1 else { return nil }
        return ModelDevices(
            model: source.manifest.name,
            version: source.version,
            devices: zip(engine.devices, engine.deviceCounts).map { (device: $0, counts: $1) }
        )
    }

    /// Whether a lane hangs in a micro-batch.
    public func hasStuckLane(now: UInt64) -> Bool {
        workers.contains { $0.isStuck(now: now) }
    }

    /// Events answered since it was loaded.
    var eventsAnswered: Int { metrics.eventsAnswered }

    /// Admits nothing further, finishes what waits, ends the workers.
    ///
    /// Blocks until then.
    public func retire() {
        truthLane.withLock { lane in
            defer { lane = nil }
            return lane
        }?.stop()
        explaining?.stop()
        batcher.close()
        batcher.stop()
        for worker in workers { worker.join() }
        if let drift { judge.remove(drift) }
    }

    /// How its events compare with its references, and its answers with truths.
    var monitoring: ModelMonitoring {
        var report = drift?.report { streams.name($0) } ?? ModelMonitoring()
        report.model = source.manifest.name
        report.version = source.version
        report.reason = driftReason
        report.calibration = current?.id
        report.coverage = live?.standing() ?? []
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
            refusedShapes: refusedShapes,
            warnings: [standInReason ?? engine.degradation, fallbackProblem].compactMap(\.self),
            explanation: explaining?.description
        )
    }

    /// Rows of the micro-batches that workers aim at.
    var bestRows: Int { plan.bestRows }
}
