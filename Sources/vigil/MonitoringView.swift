import Glibc
import Messages

/// What monitoring found as a terminal shows it: a line for every value of every stream, bars beside
/// it where there is room, and one for every bin that truths came for.
struct MonitoringView {
    /// Fewest columns of the bars; narrower ones tell nothing.
    private static let fewestBars = 12
    /// Most columns of the bars: one a bin of the usual reference.
    private static let mostBars = 50
    private static let blocks = Array(" ▁▂▃▄▅▆▇█")

    let title: String
    var models: [ModelMonitoring] = []
    /// Why there is nothing new to show, or nil.
    var problem: String?
    private let isColoured = unsafe getenv("NO_COLOR") == nil

    init(title: String) { self.title = title }

    /// Lines of at most `width` columns.
    func lines(width: Int) -> [String] {
        var lines = [Self.fit("vigil monitor \(title)   \(Self.clock())   Ctrl-C ends", width)]
        if let problem { lines.append(paint(Self.fit(problem, width), .red)) }
        for model in models {
            lines.append("")
            lines += self.lines(model, width)
        }
        return lines
    }

    private func lines(_ model: ModelMonitoring, _ width: Int) -> [String] {
        drift(model, width) + coverage(model, width)
    }

    /// A line for every bin that truths came for; red where fewer were held than promised.
    private func coverage(_ model: ModelMonitoring, _ width: Int) -> [String] {
        guard !model.coverage.isEmpty else { return [] }
        let rows = Output.lines(CoverageTable.header, model.coverage.map(CoverageTable.row))
        // Without the rule below the header.
        let lines = ([rows[0]] + rows.dropFirst(2)).map { Self.fit("    \($0)", width) }
        return ["  \(MonitoringTable.coverageHeading(model))", paint(lines[0], .dim)]
            + zip(lines.dropFirst(), model.coverage).map { line, standing in
                standing.standing == "under" ? paint(line, .red) : line
            }
    }

    private func drift(_ model: ModelMonitoring, _ width: Int) -> [String] {
        if let reason = model.reason {
            return [paint(Self.fit("\(model.model) \(model.version): \(reason)", width), .dim)]
        }
        var lines = [paint(Self.fit(MonitoringTable.heading(model), width), .bold)]
        if model.streams.isEmpty { lines.append("  no events yet") }
        for stream in model.streams {
            let skipped = stream.skipped > 0 ? ", \(stream.skipped) skipped" : ""
            let filled = Double(stream.events % max(1, model.windowEvents))
            let share = Output.fixed(100 * filled / Double(max(1, model.windowEvents)), 0)
            lines.append(
                Self.fit(
                    "  \(stream.name): \(stream.events) events, \(stream.windows) windows\(skipped), the next \(share) % full",
                    width
                )
            )
            if stream.windows > 0 { lines += table(stream, model, width) }
        }
        return lines
    }

    private func table(
        _ stream: ModelMonitoring.Stream,
        _ model: ModelMonitoring,
        _ width: Int
    ) -> [String] {
        var rows = [["", "", "distance", "q", "alarms", "capital"]]
        var bars: [String?] = [nil]
        var alarms = [false]
        for comparison in stream.comparisons {
            let reference = model.reference(comparison.reference)
            for (place, drift) in comparison.values.enumerated() {
                rows.append([
                    place == 0 ? comparison.reference : "", model.values[place].name,
                    MonitoringTable.number(drift.distance, 3),
                    MonitoringTable.number(drift.qValue, 2), "\(drift.alarms)",
                    "e\(Output.fixed(drift.largestLogCapital, 1))",
                ])
                alarms.append(drift.isAlarm || drift.isMartingaleAlarm)
                bars.append(
                    reference.map { Self.bars(stream.counts[place], $0.counts[place], width) }
                )
            }
        }
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        let room = width - widths.reduce(0, +) - 2 * widths.count - 4
        return rows.indices.map { row in
            let cells = widths.indices.map { column in
                let cell = rows[row][column]
                let pad = String(repeating: " ", count: widths[column] - cell.count)
                return column < 2 ? cell + pad : pad + cell
            }
            var line = "    " + cells.joined(separator: "  ")
            if room >= Self.fewestBars, let bar = bars[row] {
                line += "  " + bar.prefix(room)
            }
            line = Self.fit(line, width)
            return row == 0 ? paint(line, .dim) : alarms[row] ? paint(line, .red) : line
        }
    }

    /// The window over its reference, neighbouring bins taken together until they fit.
    private static func bars(
        _ window: ModelMonitoring.Counts,
        _ reference: ModelMonitoring.Counts,
        _ width: Int
    ) -> String {
        let bins = min(window.events.count, reference.events.count)
        // Half of the line at most; the numbers have the rest.
        let columns = max(1, min(bins, mostBars, max(fewestBars, width / 2 - 8)))
        let all = (
            Double(window.events.reduce(0, +)), Double(reference.events.reduce(0, +))
        )
        return String(
            (0..<columns).map { column in
                let range = column * bins / columns..<(column + 1) * bins / columns
                let found = Double(window.events[range].reduce(0, +)) / max(all.0, 1)
                let expected = Double(reference.events[range].reduce(0, +)) / max(all.1, 1)
                guard found > 0 else { return blocks[0] }
                // Half a block is as many as expected.
                let height = expected > 0 ? found / expected * 4 : 8
                return blocks[min(8, max(1, Int(height.rounded())))]
            }
        )
    }

    private enum Paint: String {
        case bold = "1"
        case dim = "2"
        case red = "1;31"
    }

    private func paint(_ line: String, _ paint: Paint) -> String {
        isColoured ? "\u{1B}[\(paint.rawValue)m\(line)\u{1B}[0m" : line
    }

    private static func fit(_ line: String, _ width: Int) -> String {
        line.count <= width ? line : line.prefix(max(0, width - 1)) + "…"
    }

    /// Time of day.
    private static func clock() -> String {
        var now = time(nil)
        var parts = unsafe tm()
        guard unsafe localtime_r(&now, &parts) != nil else { return "" }
        let numbers = unsafe [parts.tm_hour, parts.tm_min, parts.tm_sec]
        return numbers.map { $0 < 10 ? "0\($0)" : "\($0)" }.joined(separator: ":")
    }
}
