internal import Catalog
internal import Telemetry

/// What is counted of the truths of one version.
final class TruthMetrics: Sendable {
    /// Counters of one output, or class of it, and one stream.
    struct Counts {
        fileprivate let held: Counter
        fileprivate let missed: Counter

        /// Counts a truth, by whether the answer at the manifest's coverage held it.
        func add(isCovered: Bool) { (isCovered ? held : missed).add(1) }
    }

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

    /// The counters of an output, or class of it, and a stream: to be kept, for looking them up makes
    /// their labels.
    ///
    /// Streams are few and outputs are the manifest's, so the labels are bounded.
    func counts(output: String, stream: String) -> Counts {
        func counter(_ covered: String) -> Counter {
            registry.counter(
                "vigil_truths_total",
                help:
                    "True values taken, by whether the answer at the manifest's coverage held them.",
                labels: labels + [("output", output), ("stream", stream), ("covered", covered)]
            )
        }
        return Counts(held: counter("yes"), missed: counter("no"))
    }
}
