internal import Messages
public import Telemetry

/// The metric handles of the ROUTER lane.
public final class LaneMetrics: Sendable {
    /// Messages read.
    public let messages: Counter
    /// Bytes of frames read and sent.
    public let bytesIn: Counter
    /// Bytes of frames sent.
    public let bytesOut: Counter
    /// Refusals, by the raw value of the code.
    let refusals: [Counter]
    /// Requests not scored because their client does not read.
    let discarded: Counter
    /// Clients whose backlog was freed.
    let discardedClients: Counter
    /// Replies to clients that were gone.
    let unroutable: Counter
    /// Bytes kept for clients that do not read.
    let backlogBytes: Gauge
    /// Requests held.
    public let inFlight: Gauge

    /// Handles in `registry`.
    public init(_ registry: MetricRegistry) {
        let transport = [("transport", "zeromq")]
        messages = registry.counter(
            "vigil_messages_total",
            help: "Messages read from clients.",
            labels: transport
        )
        bytesIn = registry.counter(
            "vigil_received_bytes_total",
            help: "Bytes of frames read.",
            labels: transport
        )
        bytesOut = registry.counter(
            "vigil_sent_bytes_total",
            help: "Bytes of frames sent.",
            labels: transport
        )
        refusals = Code.allCases.map { code in
            registry.counter(
                "vigil_refusals_total",
                help: "Requests refused, by code.",
                labels: transport + [("code", code.name)]
            )
        }
        discarded = registry.counter(
            "vigil_discarded_requests_total",
            help: "Requests not scored because their client does not read its replies.",
            labels: transport
        )
        discardedClients = registry.counter(
            "vigil_discarded_clients_total",
            help: "Clients whose waiting replies were freed.",
            labels: transport
        )
        unroutable = registry.counter(
            "vigil_unroutable_replies_total",
            help: "Replies to clients that were gone.",
            labels: transport
        )
        backlogBytes = registry.gauge(
            "vigil_backlog_bytes",
            help: "Bytes kept for clients that do not read.",
            labels: transport
        )
        inFlight = registry.gauge(
            "vigil_in_flight_requests",
            help: "Requests read and not answered.",
            labels: transport
        )
    }

    /// Requests refused so far.
    public var refused: Int { refusals.reduce(0) { $0 + $1.value } }
}
