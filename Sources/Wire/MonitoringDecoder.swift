internal import CWireMessages
internal import Messages

/// C structures of monitoring replies as values.
enum MonitoringDecoder {
    static func models(_ message: Vigil__V1__MonitoringReply) -> [ModelMonitoring] {
        unsafe values(message.models, message.n_models) { unsafe model($0) }
    }

    private static func model(_ message: Vigil__V1__ModelMonitoring) -> ModelMonitoring {
        var model = ModelMonitoring()
        model.model = unsafe ControlDecoder.text(message.model)
        model.version = unsafe ControlDecoder.text(message.version)
        model.reason = unsafe message.reason.map { unsafe ControlDecoder.text($0) }
        model.windowEvents = unsafe message.window_events
        model.rate = unsafe message.rate
        model.distance = unsafe message.distance
        model.chance = unsafe message.chance
        model.values = unsafe values(message.values, message.n_values) { entry in
            unsafe ModelMonitoring.Value(
                name: ControlDecoder.text(entry.name),
                unit: ControlDecoder.text(entry.unit),
                edges: ControlDecoder.numbers(entry.edges, entry.n_edges)
            )
        }
        model.references = unsafe values(message.references, message.n_references) { entry in
            unsafe ModelMonitoring.Reference(
                kind: ControlDecoder.text(entry.kind),
                date: ControlDecoder.text(entry.date),
                dataDigest: ControlDecoder.text(entry.data_digest),
                events: entry.events,
                counts: values(entry.counts, entry.n_counts) { unsafe counts($0) }
            )
        }
        model.streams = unsafe values(message.streams, message.n_streams) { unsafe stream($0) }
        model.calibration = unsafe message.calibration.map { unsafe ControlDecoder.text($0) }
        model.coverage = unsafe values(message.coverage, message.n_coverage) {
            unsafe ControlDecoder.standing($0)
        }
        return model
    }

    private static func stream(_ message: Vigil__V1__StreamMonitoring) -> ModelMonitoring.Stream {
        unsafe ModelMonitoring.Stream(
            name: ControlDecoder.text(message.name),
            events: message.events,
            windows: message.windows,
            skipped: message.skipped,
            counts: values(message.counts, message.n_counts) { unsafe counts($0) },
            comparisons: values(message.comparisons, message.n_comparisons) { entry in
                unsafe ModelMonitoring.Comparison(
                    reference: ControlDecoder.text(entry.reference),
                    alarms: entry.alarms,
                    isAlarm: entry.alarm != 0,
                    values: values(entry.values, entry.n_values) { unsafe drift($0) }
                )
            }
        )
    }

    private static func drift(_ message: Vigil__V1__ValueDrift) -> ModelMonitoring.Drift {
        var drift = ModelMonitoring.Drift()
        drift.distance = unsafe message.has_distance != 0 ? message.distance : nil
        drift.pValue = unsafe message.has_p_value != 0 ? message.p_value : nil
        drift.qValue = unsafe message.has_q_value != 0 ? message.q_value : nil
        drift.isAlarm = unsafe message.alarm != 0
        drift.alarms = unsafe message.alarms
        drift.logCapital = unsafe message.log_capital
        drift.largestLogCapital = unsafe message.largest_log_capital
        drift.isMartingaleAlarm = unsafe message.martingale_alarm != 0
        return drift
    }

    private static func counts(_ message: Vigil__V1__BinCounts) -> ModelMonitoring.Counts {
        unsafe ModelMonitoring.Counts(
            events: ControlDecoder.numbers(message.events, message.n_events),
            nonfinite: message.nonfinite
        )
    }

    private static func values<Message, Value>(
        _ list: UnsafeMutablePointer<UnsafeMutablePointer<Message>?>?,
        _ count: Int,
        _ value: (Message) -> Value
    ) -> [Value] {
        (0..<count).compactMap { index in
            guard let entry = unsafe list?[index] else { return nil }
            return unsafe value(entry.pointee)
        }
    }
}
