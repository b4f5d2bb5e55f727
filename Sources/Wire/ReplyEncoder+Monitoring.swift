internal import CWireMessages
internal import Messages

extension ReplyEncoder {
    func message(_ models: [ModelMonitoring]) -> UnsafeMutablePointer<Vigil__V1__MonitoringReply> {
        let message = unsafe make(Vigil__V1__MonitoringReply.self)
        unsafe vigil__v1__monitoring_reply__init(message)
        unsafe message.pointee.n_models = models.count
        unsafe message.pointee.models = unsafe list(models) { unsafe self.message($0) }
        return unsafe message
    }

    private func message(
        _ model: ModelMonitoring
    ) -> UnsafeMutablePointer<Vigil__V1__ModelMonitoring> {
        let message = unsafe make(Vigil__V1__ModelMonitoring.self)
        unsafe vigil__v1__model_monitoring__init(message)
        unsafe message.pointee.model = unsafe text(model.model)
        unsafe message.pointee.version = unsafe text(model.version)
        unsafe message.pointee.reason = unsafe model.reason.map { unsafe text($0) }
        unsafe message.pointee.has_window_events = 1
        unsafe message.pointee.window_events = model.windowEvents
        unsafe message.pointee.has_rate = 1
        unsafe message.pointee.rate = model.rate
        unsafe message.pointee.has_distance = 1
        unsafe message.pointee.distance = model.distance
        unsafe message.pointee.has_chance = 1
        unsafe message.pointee.chance = model.chance
        unsafe message.pointee.n_values = model.values.count
        unsafe message.pointee.values = unsafe list(model.values) { value in
            let entry = unsafe make(Vigil__V1__MonitoredValue.self)
            unsafe vigil__v1__monitored_value__init(entry)
            unsafe entry.pointee.name = unsafe text(value.name)
            unsafe entry.pointee.unit = unsafe text(value.unit)
            unsafe entry.pointee.n_edges = value.edges.count
            unsafe entry.pointee.edges = unsafe numbers(value.edges)
            return unsafe entry
        }
        unsafe message.pointee.n_references = model.references.count
        unsafe message.pointee.references = unsafe list(model.references) { reference in
            let entry = unsafe make(Vigil__V1__DriftReference.self)
            unsafe vigil__v1__drift_reference__init(entry)
            unsafe entry.pointee.kind = unsafe text(reference.kind)
            unsafe entry.pointee.date = unsafe text(reference.date)
            unsafe entry.pointee.data_digest = unsafe text(reference.dataDigest)
            unsafe entry.pointee.has_events = 1
            unsafe entry.pointee.events = reference.events
            unsafe entry.pointee.n_counts = reference.counts.count
            unsafe entry.pointee.counts = unsafe list(reference.counts) { unsafe self.message($0) }
            return unsafe entry
        }
        unsafe message.pointee.n_streams = model.streams.count
        unsafe message.pointee.streams = unsafe list(model.streams) { unsafe self.message($0) }
        unsafe message.pointee.calibration = unsafe model.calibration.map { unsafe text($0) }
        unsafe message.pointee.n_coverage = model.coverage.count
        unsafe message.pointee.coverage = unsafe list(model.coverage) { unsafe self.message($0) }
        return unsafe message
    }

    private func message(
        _ stream: ModelMonitoring.Stream
    ) -> UnsafeMutablePointer<Vigil__V1__StreamMonitoring> {
        let message = unsafe make(Vigil__V1__StreamMonitoring.self)
        unsafe vigil__v1__stream_monitoring__init(message)
        unsafe message.pointee.name = unsafe text(stream.name)
        unsafe message.pointee.has_events = 1
        unsafe message.pointee.events = stream.events
        unsafe message.pointee.has_windows = 1
        unsafe message.pointee.windows = stream.windows
        unsafe message.pointee.has_skipped = 1
        unsafe message.pointee.skipped = stream.skipped
        unsafe message.pointee.n_counts = stream.counts.count
        unsafe message.pointee.counts = unsafe list(stream.counts) { unsafe self.message($0) }
        unsafe message.pointee.n_comparisons = stream.comparisons.count
        unsafe message.pointee.comparisons = unsafe list(stream.comparisons) { comparison in
            let entry = unsafe make(Vigil__V1__DriftComparison.self)
            unsafe vigil__v1__drift_comparison__init(entry)
            unsafe entry.pointee.reference = unsafe text(comparison.reference)
            unsafe entry.pointee.has_alarm = 1
            unsafe entry.pointee.alarm = comparison.isAlarm ? 1 : 0
            unsafe entry.pointee.has_alarms = 1
            unsafe entry.pointee.alarms = comparison.alarms
            unsafe entry.pointee.n_values = comparison.values.count
            unsafe entry.pointee.values = unsafe list(comparison.values) { unsafe self.message($0) }
            return unsafe entry
        }
        return unsafe message
    }

    private func message(
        _ drift: ModelMonitoring.Drift
    ) -> UnsafeMutablePointer<Vigil__V1__ValueDrift> {
        let message = unsafe make(Vigil__V1__ValueDrift.self)
        unsafe vigil__v1__value_drift__init(message)
        if let distance = drift.distance {
            unsafe message.pointee.has_distance = 1
            unsafe message.pointee.distance = distance
        }
        if let pValue = drift.pValue {
            unsafe message.pointee.has_p_value = 1
            unsafe message.pointee.p_value = pValue
        }
        if let qValue = drift.qValue {
            unsafe message.pointee.has_q_value = 1
            unsafe message.pointee.q_value = qValue
        }
        unsafe message.pointee.has_alarm = 1
        unsafe message.pointee.alarm = drift.isAlarm ? 1 : 0
        unsafe message.pointee.has_alarms = 1
        unsafe message.pointee.alarms = drift.alarms
        unsafe message.pointee.has_log_capital = 1
        unsafe message.pointee.log_capital = drift.logCapital
        unsafe message.pointee.has_largest_log_capital = 1
        unsafe message.pointee.largest_log_capital = drift.largestLogCapital
        unsafe message.pointee.has_martingale_alarm = 1
        unsafe message.pointee.martingale_alarm = drift.isMartingaleAlarm ? 1 : 0
        return unsafe message
    }

    private func message(
        _ counts: ModelMonitoring.Counts
    ) -> UnsafeMutablePointer<Vigil__V1__BinCounts> {
        let message = unsafe make(Vigil__V1__BinCounts.self)
        unsafe vigil__v1__bin_counts__init(message)
        unsafe message.pointee.n_events = counts.events.count
        unsafe message.pointee.events = unsafe numbers(counts.events)
        unsafe message.pointee.has_nonfinite = 1
        unsafe message.pointee.nonfinite = counts.nonfinite
        return unsafe message
    }

    private func list<Value, Message>(
        _ values: [Value],
        _ message: (Value) -> UnsafeMutablePointer<Message>
    ) -> UnsafeMutablePointer<UnsafeMutablePointer<Message>?> {
        let entries = unsafe make(UnsafeMutablePointer<Message>?.self, count: values.count)
        for (index, value) in values.enumerated() { unsafe entries[index] = unsafe message(value) }
        return unsafe entries
    }
}
