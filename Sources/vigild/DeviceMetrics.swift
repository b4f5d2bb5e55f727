import Execution
import Serving
import Telemetry

/// What the devices of versions that have several have done, as metrics.
enum DeviceMetrics {
    /// Registers them; `devices` is read when the metrics are.
    static func register(
        in registry: MetricRegistry,
        devices: @escaping @Sendable () -> [ModelDevices]
    ) {
        registry.table { table(devices()) }
    }

    private static func table(_ models: [ModelDevices]) -> [MetricRegistry.Rows] {
        var rows = MetricRegistry.Rows(
            "vigil_device_rows_total",
            help: "Rows that a device answered, padding among them.",
            type: .counter
        )
        var failures = MetricRegistry.Rows(
            "vigil_device_failures_total",
            help: "Calls of a device's library that failed.",
            type: .counter
        )
        var clocks = MetricRegistry.Rows(
            "vigil_device_clocks_total",
            help: "The device's own clocks that its runs took.",
            type: .counter
        )
        for model in models {
            for (device, counts) in model.devices {
                let labels = [
                    ("model", model.model), ("version", model.version), ("device", device),
                ]
                rows.add(labels, Double(counts.rows))
                for failure in counts.failures {
                    failures.add(labels + [("call", failure.call)], Double(failure.count))
                }
                if let count = counts.clocks { clocks.add(labels, Double(count)) }
            }
        }
        return [rows, failures, clocks]
    }
}
