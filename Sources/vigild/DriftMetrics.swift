import Messages
import Telemetry

/// What windows of streams were found to be, as metrics.
///
/// Which streams there are is known only once events of them came, so these are read as a whole; a
/// version has 16 streams at most and 32 values.
enum DriftMetrics {
    /// A metric of a stream, or of a value of one against a reference.
    private struct Metric<Subject>: Sendable {
        let name: String
        let help: String
        let number: @Sendable (Subject) -> Double

        /// A row for every subject; what only grows is called so.
        func rows(_ subjects: [(labels: MetricRegistry.Labels, Subject)]) -> MetricRegistry.Rows {
            let type: MetricRegistry.Rows.Kind = name.hasSuffix("_total") ? .counter : .gauge
            var rows = MetricRegistry.Rows(name, help: help, type: type)
            for (labels, subject) in subjects { rows.add(labels, number(subject)) }
            return rows
        }
    }

    private static let ofStreams: [Metric<ModelMonitoring.Stream>] = [
        .init(name: "vigil_drift_windows_total", help: "Windows of a stream that were judged.") {
            Double($0.windows)
        },
        .init(
            name: "vigil_drift_skipped_windows_total",
            help: "Windows of a stream that came faster than they could be judged."
        ) { Double($0.skipped) },
    ]
    private static let ofValues: [Metric<ModelMonitoring.Drift>] = [
        .init(
            name: "vigil_drift_distance",
            help: "Largest difference of the cumulative distributions, last window."
        ) { $0.distance ?? .nan },
        .init(
            name: "vigil_drift_p_value",
            help: "Chance of what the last window shows, were nothing shifted."
        ) { $0.pValue ?? .nan },
        .init(
            name: "vigil_drift_alarm",
            help: "1 while the last window is significantly and largely off."
        ) { $0.isAlarm ? 1 : 0 },
        .init(name: "vigil_drift_alarms_total", help: "Windows that alarmed.") {
            Double($0.alarms)
        },
        .init(
            name: "vigil_drift_martingale_log_capital",
            help: "Largest natural logarithm of the exchangeability martingale's capital so far."
        ) { $0.largestLogCapital },
    ]

    /// Registers them; `monitoring` is read when the metrics are.
    static func register(
        in registry: MetricRegistry,
        monitoring: @escaping @Sendable () -> [ModelMonitoring]
    ) {
        registry.table { table(monitoring()) }
    }

    private static func table(_ models: [ModelMonitoring]) -> [MetricRegistry.Rows] {
        var streams: [(labels: MetricRegistry.Labels, ModelMonitoring.Stream)] = []
        var values: [(labels: MetricRegistry.Labels, ModelMonitoring.Drift)] = []
        for model in models {
            for stream in model.streams {
                let labels = [
                    ("model", model.model), ("version", model.version), ("stream", stream.name),
                ]
                streams.append((labels, stream))
                for comparison in stream.comparisons where stream.windows > 0 {
                    for (value, drift) in zip(model.values, comparison.values) {
                        let own = [("value", value.name), ("reference", comparison.reference)]
                        values.append((labels + own, drift))
                    }
                }
            }
        }
        return ofStreams.map { $0.rows(streams) } + ofValues.map { $0.rows(values) }
    }
}
