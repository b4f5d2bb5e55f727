internal import Messages
internal import Telemetry

/// The metric handles of one model version, made when it is loaded.
final class ModelMetrics: Sendable {
    /// Rows of micro-batches.
    let microBatchRows: Histogram
    /// Runs that failed for one request alone.
    let engineFailures: Counter
    /// By priority: requests answered, events answered, and the three latencies.
    let requests: [Counter]
    let events: [Counter]
    let queue: [Histogram]
    let compute: [Histogram]
    let total: [Histogram]

    /// Upper bounds of the micro-batch sizes, rows.
    private static let rowBounds: [UInt64] = [
        1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 4096, 16384,
    ]

    init(_ registry: MetricRegistry, model: String, version: String) {
        let labels = [("model", model), ("version", version)]
        microBatchRows = registry.histogram(
            "vigil_microbatch_rows",
            help: "Events of a micro-batch.",
            bounds: Self.rowBounds,
            unit: .one,
            labels: labels
        )
        engineFailures = registry.counter(
            "vigil_engine_failures_total",
            help: "Requests that an engine failed to run.",
            labels: labels
        )
        func byPriority<Metric>(_ make: ([(String, String)]) -> Metric) -> [Metric] {
            Priority.allCases.map { make(labels + [("priority", $0.name)]) }
        }
        requests = byPriority { labels in
            registry.counter(
                "vigil_requests_total",
                help: "Score requests answered.",
                labels: labels
            )
        }
        events = byPriority { labels in
            registry.counter("vigil_events_total", help: "Events answered.", labels: labels)
        }
        func latency(_ name: String, _ help: String) -> [Histogram] {
            byPriority { labels in
                registry.histogram(
                    name,
                    help: help,
                    bounds: Histogram.latencyBounds,
                    unit: .seconds,
                    labels: labels
                )
            }
        }
        queue = latency("vigil_queue_seconds", "From the read of a request to its first row run.")
        compute = latency("vigil_compute_seconds", "From the first row run to the last row done.")
        total = latency("vigil_total_seconds", "From the read of a request to its reply.")
    }

    /// Counts an answered flight.
    ///
    /// The transport's lane alone: nothing here is an atomic addition.
    func record(_ flight: FlightPointer, now: UInt64) {
        let priority = unsafe flight.pointee.priority.index
        requests[priority].addAlone(1)
        unsafe events[priority].addAlone(flight.pointee.rows)
        unsafe queue[priority].recordAlone(flight.pointee.queueNanoseconds)
        unsafe compute[priority].recordAlone(flight.pointee.computeNanoseconds)
        unsafe total[priority].recordAlone(now - min(now, flight.pointee.arrival))
    }
}
