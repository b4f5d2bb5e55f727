internal import Catalog
internal import Synchronization
internal import Telemetry

/// What is counted of the truths of one version.
final class TruthMetrics: Sendable {
    /// Calibrations that were published.
    let published: Counter
    private let registry: MetricRegistry
    private let labels: MetricRegistry.Labels

    init(_ registry: MetricRegistry, source: ModelSource) {
        self.registry = registry
        labels = [("model", source.manifest.name), ("version", source.version)]
        published = registry.counter(
            "vigil_calibrations_published_total",
            help: "Calibrations that truths were made into.",
            labels: labels
        )
    }

    /// Counts a truth of an output, and whether the answer at the manifest's coverage held it.
    ///
    /// Streams are few and outputs are the manifest's, so the labels are bounded.
    func count(output: String, stream: String, isCovered: Bool) {
        registry.counter(
            "vigil_truths_total",
            help: "True values taken, by whether the answer at the manifest's coverage held them.",
            labels: labels + [
                ("output", output), ("stream", stream), ("covered", isCovered ? "yes" : "no"),
            ]
        ).add(1)
    }
}
