internal import Catalog
internal import Execution
internal import Telemetry
internal import Tensors

extension ModelService {
    /// What is read when the metrics are: the queue's depth, and the version as information.
    static func register(
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
}
