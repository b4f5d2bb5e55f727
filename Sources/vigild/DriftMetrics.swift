import Messages
import Telemetry

/// What windows of streams were found to be, as metrics.
///
/// Which streams there are is known only once events of them came, so these are read as a whole; a
/// version has 16 streams at most and 32 values.
enum DriftMetrics {
    /// Registers them; `monitoring` is read when the metrics are.
    static func register(
        in registry: MetricRegistry,
        monitoring: @escaping @Sendable () -> [ModelMonitoring]
    ) {
        registry.table { table(monitoring()) }
    }

    private static func table(_ models: [ModelMonitoring]) -> [MetricRegistry.Rows] {
        var windows = MetricRegistry.Rows(
            "vigil_drift_windows_total",
            help: "Windows of a stream that were judged.",
            type: .counter
        )
        var skipped = MetricRegistry.Rows(
            "vigil_drift_skipped_windows_total",
            help: "Windows of a stream that came faster than they could be judged.",
            type: .counter
        )
        var distance = MetricRegistry.Rows(
            "vigil_drift_distance",
            help: "Largest difference of the cumulative distributions, last window.",
            type: .gauge
        )
        var pValue = MetricRegistry.Rows(
            "vigil_drift_p_value",
            help: "Chance of what the last window shows, were nothing shifted.",
            type: .gauge
        )
        var alarm = MetricRegistry.Rows(
            "vigil_drift_alarm",
            help: "1 while the last window is significantly and largely off.",
            type: .gauge
        )
        var alarms = MetricRegistry.Rows(
            "vigil_drift_alarms_total",
            help: "Windows that alarmed.",
            type: .counter
        )
        var capital = MetricRegistry.Rows(
            "vigil_drift_martingale_log_capital",
            help: "Largest natural logarithm of the exchangeability martingale's capital so far.",
            type: .gauge
        )
        for model in models {
            for stream in model.streams {
                let labels = [
                    ("model", model.model), ("version", model.version), ("stream", stream.name),
                ]
                windows.add(labels, Double(stream.windows))
                skipped.add(labels, Double(stream.skipped))
                for comparison in stream.comparisons where stream.windows > 0 {
                    for (value, drift) in zip(model.values, comparison.values) {
                        let labels =
                            labels + [("value", value.name), ("reference", comparison.reference)]
                        distance.add(labels, drift.distance ?? .nan)
                        pValue.add(labels, drift.pValue ?? .nan)
                        alarm.add(labels, drift.isAlarm ? 1 : 0)
                        alarms.add(labels, Double(drift.alarms))
                        capital.add(labels, drift.largestLogCapital)
                    }
                }
            }
        }
        return [windows, skipped, distance, pValue, alarm, alarms, capital]
    }
}
