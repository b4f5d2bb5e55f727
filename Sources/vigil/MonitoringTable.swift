import Messages

/// What monitoring found as plain text: a table for every version.
struct MonitoringTable {
    private let models: [ModelMonitoring]

    init(_ models: [ModelMonitoring]) { self.models = models }

    /// Lines, without one at the end.
    var text: String {
        guard !models.isEmpty else { return "no model serves" }
        return models.map(Self.text).joined(separator: "\n\n")
    }

    private static func text(_ model: ModelMonitoring) -> String {
        guard !model.coverage.isEmpty else { return drift(model) }
        let rows = Output.lines(CoverageTable.header, model.coverage.map(CoverageTable.row))
        return ([drift(model), "", coverageHeading(model)] + rows).joined(separator: "\n")
    }

    private static func drift(_ model: ModelMonitoring) -> String {
        if let reason = model.reason { return "\(model.model) \(model.version): \(reason)" }
        var lines = [heading(model)]
        for reference in model.references {
            lines.append("\(reference.kind) of \(reference.date), \(reference.events) events")
        }
        guard !model.streams.isEmpty else {
            return (lines + ["no events yet"]).joined(separator: "\n")
        }
        let header = [
            "stream", "events", "windows", "reference", "value", "distance", "p", "q", "alarms",
            "log capital", "",
        ]
        return (lines + Output.lines(header, model.streams.flatMap { rows($0, model) }))
            .joined(separator: "\n")
    }

    /// A line that names the version and its limits.
    static func heading(_ model: ModelMonitoring) -> String {
        "\(model.model) \(model.version): windows of \(model.windowEvents) events, alarm at q <= \(Output.significant(model.rate, 1)) and distance >= \(Output.shortest(model.distance))"
    }

    /// A line above the shares of truths that answers held.
    static func coverageHeading(_ model: ModelMonitoring) -> String {
        "coverage since calibration \(model.calibration ?? "") is in use"
    }

    private static func rows(_ stream: ModelMonitoring.Stream, _ model: ModelMonitoring)
        -> [[String]]
    {
        let head = [stream.name, "\(stream.events)", "\(stream.windows)"]
        guard stream.windows > 0 else {
            return [head + Array(repeating: "", count: 7) + ["first window"]]
        }
        return stream.comparisons.flatMap { comparison in
            zip(model.values, comparison.values).map { value, drift in
                head + [
                    comparison.reference, value.name, number(drift.distance, 3),
                    number(drift.pValue, 2), number(drift.qValue, 2), "\(drift.alarms)",
                    Output.fixed(drift.largestLogCapital, 1), Self.state(drift),
                ]
            }
        }
    }

    /// What a value shows, in words.
    static func state(_ drift: ModelMonitoring.Drift) -> String {
        switch (drift.isAlarm, drift.isMartingaleAlarm) {
        case (true, true): "ALARM, martingale"
        case (true, false): "ALARM"
        case (false, true): "martingale"
        case (false, false): drift.distance == nil ? "nothing finite" : ""
        }
    }

    static func number(_ value: Double?, _ digits: Int) -> String {
        value.map { Output.significant($0, digits) } ?? "-"
    }
}
