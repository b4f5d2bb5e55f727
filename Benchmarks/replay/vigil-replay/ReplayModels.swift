import Catalog
import Execution
import OnnxEngine
import Serving
import Telemetry
import TreeEngine

/// The models of a folder, loaded as the daemon loads them.
struct ReplayModels {
    let roster: ModelRoster
    /// Every kind of every model that serves.
    let kinds: [ReplayKind]
    let registry = MetricRegistry()

    /// Costs that stand for other models': `null` runs on the lane, like what costs little, and so does
    /// `null-monitored`, eight features of which are counted; `null-worker` on its worker, like what
    /// costs more than the lane's budget of 50 us; trees on either, by the size of the batch.
    private static let known: [String: (laneRows: Int, costs: [(rows: Int, nanoseconds: Int)])] = [
        "null": (1024, [(1, 400), (64, 2000), (1024, 20_000)]),
        "null-monitored": (1024, [(1, 400), (64, 2000), (1024, 20_000)]),
        "null-worker": (0, [(1, 60_000), (64, 70_000), (1024, 100_000)]),
        "er-nr-tree": (64, [(1, 500), (8, 3000), (64, 20_000), (256, 70_000), (1024, 260_000)]),
    ]

    /// Loads what can be; a model that cannot be replayed without ONNX Runtime is left out when no
    /// library is given.
    init(folder path: String, onnxRuntimePath: String?) throws {
        let folder = ModelFolder(path: path)
        let library = try onnxRuntimePath.map { try OnnxRuntimeLibrary(path: $0) }
        roster = ModelRoster(folder: folder, registry: registry) { source throws(EngineFailure) in
            try Self.engine(source, library)
        }
        let changes = roster.reload()
        let failures = changes.filter { $0.hasPrefix("failed") }
        guard library == nil || failures.isEmpty else {
            throw ReplayFailure(failures.joined(separator: "; "))
        }
        kinds = try folder.scan().sources.map(\.manifest)
            .filter { library != nil || Self.known[$0.name] != nil }
            .flatMap { ReplayKind.all(of: $0, laneRows: Self.known[$0.name]?.laneRows ?? 0) }
        guard !kinds.isEmpty else { throw ReplayFailure("\(path): no model to replay") }
    }

    /// Ends the workers.
    func retire() { roster.retireAll() }

    private static func engine(
        _ source: ModelSource,
        _ library: OnnxRuntimeLibrary?
    ) throws(EngineFailure) -> any Engine {
        let manifest = source.manifest
        let engine: any Engine
        if manifest.name.hasPrefix("null") {
            engine = NullEngine(manifest.inputs[0].signature, output: manifest.outputs[0].signature)
        } else if manifest.engine == .tree {
            // Which layout is fastest depends on the processor.
            engine = try BoostedTreeEngine(xgboostJSON: source.artefact, layouts: [.leafMasks])
        } else if let library {
            engine = try OnnxEngine(
                library: library,
                artefact: source.artefact,
                options: OnnxOptions(
                    device: manifest.device,
                    intraOpThreads: manifest.threads,
                    sharesSession: manifest.sharesSession
                )
            )
        } else {
            throw EngineFailure(call: "vigil-replay", message: "no ONNX Runtime was given")
        }
        guard let costs = known[manifest.name]?.costs else { return engine }
        let plan = MicroBatchPlan(
            steps: costs.map { .init(rows: $0.rows, nanoseconds: $0.nanoseconds) }
        )
        return KnownCostEngine(engine, plan: plan)
    }
}
