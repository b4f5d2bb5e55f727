internal import Catalog
internal import Telemetry

/// What is counted of the explanations of one version.
final class ExplanationMetrics: Sendable {
    /// Events explained.
    let events: Counter
    /// What a request's explanation took, once its turn had come.
    let seconds: Histogram

    init(_ registry: MetricRegistry, source: ModelSource, queue: ExplanationQueue) {
        let labels = [("model", source.manifest.name), ("version", source.version)]
        events = registry.counter(
            "vigil_explained_events_total",
            help: "Events whose scores were explained.",
            labels: labels
        )
        seconds = registry.histogram(
            "vigil_explanation_seconds",
            help: "What the explanation of a request took.",
            bounds: Histogram.latencyBounds,
            unit: .seconds,
            labels: labels
        )
        registry.reading(
            "vigil_explanations_waiting",
            help: "Requests whose explanation waits or runs.",
            labels: labels
        ) { Double(queue.promised) }
    }
}
