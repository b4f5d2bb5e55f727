/// Drift and coverage as JSON shows them: `/v1/monitoring` and `vigil monitor --json`.
public struct MonitoringReport: Encodable, Sendable {
    /// A watched value; bins begin at their edges.
    struct Value: Encodable, Sendable {
        let name: String
        let unit: String
        let edges: [Double]
    }

    /// A sample that streams are held against; `counts` of each value.
    struct Reference: Encodable, Sendable {
        let kind: String
        let date: String
        let data_digest: String
        let events: UInt64
        let counts: [[UInt64]]
    }

    /// One value of a stream against one reference.
    struct Drift: Encodable, Sendable {
        let value: String
        let distance: Double?
        let p_value: Double?
        let q_value: Double?
        let alarm: Bool
        let alarms: UInt64
        let log_capital: Double
        let largest_log_capital: Double
        let martingale_alarm: Bool
    }

    /// A stream against one reference.
    struct Comparison: Encodable, Sendable {
        let reference: String
        let alarm: Bool
        let alarms: UInt64
        let values: [Drift]
    }

    /// A stream; `counts` and `nonfinite` are of the last window, of each value.
    struct Stream: Encodable, Sendable {
        let stream: String
        let events: UInt64
        let windows: UInt64
        let skipped_windows: UInt64
        let counts: [[UInt64]]
        let nonfinite: [UInt64]
        let comparisons: [Comparison]
    }

    /// When a window alarms, and when a martingale does.
    struct Limits: Encodable, Sendable {
        let q_value: Double
        let distance: Double
        let martingale_chance: Double
    }

    let model: String
    let version: String
    let reason: String?
    let window_events: UInt64
    let limits: Limits
    let values: [Value]
    let references: [Reference]
    let streams: [Stream]
    /// Id of the calibration in use.
    let calibration: String?
    let coverage: [CoverageStanding]

    /// What a version's monitoring found.
    public init(_ found: ModelMonitoring) {
        model = found.model
        version = found.version
        reason = found.reason
        window_events = found.windowEvents
        limits = Limits(
            q_value: found.rate,
            distance: found.distance,
            martingale_chance: found.chance
        )
        values = found.values.map { Value(name: $0.name, unit: $0.unit, edges: $0.edges) }
        references = found.references.map { reference in
            Reference(
                kind: reference.kind,
                date: reference.date,
                data_digest: reference.dataDigest,
                events: reference.events,
                counts: reference.counts.map(\.events)
            )
        }
        let names = found.values.map(\.name)
        streams = found.streams.map { stream in
            Stream(
                stream: stream.name,
                events: stream.events,
                windows: stream.windows,
                skipped_windows: stream.skipped,
                counts: stream.counts.map(\.events),
                nonfinite: stream.counts.map(\.nonfinite),
                comparisons: stream.comparisons.map { Comparison($0, names: names) }
            )
        }
        calibration = found.calibration
        coverage = found.coverage
    }
}

extension MonitoringReport.Comparison {
    fileprivate init(_ found: ModelMonitoring.Comparison, names: [String]) {
        reference = found.reference
        alarm = found.isAlarm
        alarms = found.alarms
        values = zip(names, found.values).map { MonitoringReport.Drift($0, $1) }
    }
}

extension MonitoringReport.Drift {
    fileprivate init(_ name: String, _ found: ModelMonitoring.Drift) {
        value = name
        distance = found.distance
        p_value = found.pValue
        q_value = found.qValue
        alarm = found.isAlarm
        alarms = found.alarms
        log_capital = found.logCapital
        largest_log_capital = found.largestLogCapital
        martingale_alarm = found.isMartingaleAlarm
    }
}
