internal import Messages
internal import Telemetry

/// The metric handles of one model version, made when it is loaded.
@safe
final class ModelMetrics: @unchecked Sendable {
    // Safe because the references never change and what they lead to is atomic.
    /// Rows of micro-batches.
    let microBatchRows: Histogram
    /// Runs that failed for one request alone.
    let engineFailures: Counter
    /// One of each priority; lent by `owned`, so that recording counts no references.
    private let byPriority: [3 of Unmanaged<PriorityMetrics>]
    private let owned: [PriorityMetrics]

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
        owned = Priority.allCases.map {
            PriorityMetrics(registry, labels: labels + [("priority", $0.name)])
        }
        let owned = owned
        unsafe byPriority = unsafe .init { unsafe .passUnretained(owned[$0]) }
    }

    /// Events answered so far.
    var eventsAnswered: Int { owned.reduce(0) { $0 + $1.events.value } }

    /// Counts an answered flight.
    ///
    /// The transport's lane alone: nothing here is an atomic addition.
    func record(_ flight: FlightPointer, now: UInt64) {
        unsafe byPriority[flight.pointee.priority.index]._withUnsafeGuaranteedRef { metrics in
            metrics.requests.addAlone(1)
            unsafe metrics.events.addAlone(flight.pointee.rows)
            unsafe metrics.queue.recordAlone(flight.pointee.queueNanoseconds)
            unsafe metrics.compute.recordAlone(flight.pointee.computeNanoseconds)
            unsafe metrics.total.recordAlone(now - min(now, flight.pointee.arrival))
        }
    }
}

/// What is counted of the answers of one priority.
final class PriorityMetrics: Sendable {
    /// Requests answered, events answered, and the three latencies.
    let requests: Counter
    let events: Counter
    let queue: Histogram
    let compute: Histogram
    let total: Histogram

    init(_ registry: MetricRegistry, labels: [(String, String)]) {
        requests = registry.counter(
            "vigil_requests_total",
            help: "Score requests answered.",
            labels: labels
        )
        events = registry.counter("vigil_events_total", help: "Events answered.", labels: labels)
        func latency(_ name: String, _ help: String) -> Histogram {
            registry.histogram(
                name,
                help: help,
                bounds: Histogram.latencyBounds,
                unit: .seconds,
                labels: labels
            )
        }
        queue = latency("vigil_queue_seconds", "From the read of a request to its first row run.")
        compute = latency("vigil_compute_seconds", "From the first row run to the last row done.")
        total = latency("vigil_total_seconds", "From the read of a request to its reply.")
    }
}
