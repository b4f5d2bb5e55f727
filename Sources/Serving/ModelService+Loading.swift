internal import Calibration
internal import Catalog
internal import Execution
internal import Lanes
internal import Tensors

extension ModelService {
    /// Where learned calibrations lie; a model that learns some must have such a place.
    static func stateFolder(
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

    static func watch(
        _ drift: DriftMonitor?,
        by judge: DriftJudge
    ) throws(LoadFailure) {
        do {
            if let drift { try judge.add(drift) }
        } catch {
            throw LoadFailure("starting lanes: \(error)")
        }
    }

    /// Why the CPU cannot answer where the card is lost: it needs a calibration of its own.
    static func fallbackProblem(
        _ source: ModelSource,
        running: LoadedCalibration.Running
    ) -> String? {
        guard source.manifest.fallsBackToCPU, !source.manifest.uncertainty.isEmpty else {
            return nil
        }
        let onCPU = LoadedCalibration.Running(
            engine: running.engine,
            engineVersion: running.engine,
            precision: running.precision,
            deviceClass: Device.Class.cpu.rawValue,
            device: Device.cpu.text
        )
        guard case .failure(let absence) = LoadedCalibration.find(source.onCPU, running: onCPU)
        else { return nil }
        return "the cpu cannot answer if the card is lost: \(absence.reason)"
    }

    /// One for each worker.
    static func makeBells(_ count: Int) throws(LoadFailure) -> [Bell] {
        do {
            return try (0..<count).map { _ throws(LaneFailure) in try Bell() }
        } catch {
            throw LoadFailure("starting lanes: \(error)")
        }
    }

    /// All or none.
    static func startWorkers(
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
    static func measure(
        _ manifest: Manifest,
        _ digest: String,
        _ engine: any Engine,
        _ ladders: LadderFolder?
    ) throws(LoadFailure) -> (ladder: Ladder, cacheProblem: String?) {
        let shapes = ShapeProbe.shapes(
            maximumRows: manifest.maximumRows,
            fixedRows: engine.fixedRows,
            isSingle: manifest.hasSingleShape
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
    static func isForLane(
        _ manifest: Manifest,
        _ engine: any Engine,
        _ plan: MicroBatchPlan
    ) -> Bool {
        engine.hasSteadyCost && !manifest.device.isGraphicsCard && !manifest.device.isFirmwareCard
            && manifest.threads == 1
            && (manifest.delay == .chosen || manifest.delay == .fixed(microseconds: 0))
            && (manifest.engine != .onnx || manifest.sharesSession)
            && LaneRunner.maximumRows(of: plan) > 0
    }

    /// Ranges of probe values: the features' own where given, else the input's.
    static func ranges(_ manifest: Manifest) -> [[ShapeProbe.Range]] {
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
