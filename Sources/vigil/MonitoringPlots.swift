import Messages

/// The last windows of every stream over their references as one SVG page, a row a stream, a panel a
/// value; below them the coverage of the streams that truths came for, a panel each.
struct MonitoringPlots {
    private static let panel = (width: 220.0, height: 120.0, gapX: 90.0, gapY: 96.0)
    private static let left = 90.0
    private static let top = 96.0
    private static let coverage = (width: 760.0, height: 220.0, gapY: 110.0)
    private static let colours = ["simulation": "#0072b2", "data": "#009e73"]
    private static let windowColour = "#d55e00"

    private let models: [ModelMonitoring]

    init(_ models: [ModelMonitoring]) { self.models = models }

    /// The page.
    func svg() -> String {
        let rows = models.flatMap { model in
            model.streams.filter { $0.windows > 0 }.map { (model, $0) }
        }
        let covered = models.flatMap { model in
            model.coverage.map(\.stream).distinct.map { (model, $0) }
        }
        let columns = rows.map { $0.0.values.count }.max() ?? 1
        let step = (Self.panel.width + Self.panel.gapX, Self.panel.height + Self.panel.gapY)
        let below = Self.top + Double(max(1, rows.count)) * step.1
        let coverageStep = Self.coverage.height + Self.coverage.gapY
        var page = Drawing(
            width: max(
                covered.isEmpty ? 700 : Self.left + Self.coverage.width + 90,
                Self.left + Double(columns) * step.0
            ),
            height: below + Double(covered.count) * coverageStep
        )
        page.text(
            30,
            36,
            "vigil monitor: last windows over their references",
            size: 20,
            isBold: true
        )
        page.text(30, 58, "last window", colour: Self.windowColour)
        for (place, kind) in Self.colours.keys.sorted().enumerated() {
            page.text(
                130 + 100 * Double(place),
                58,
                kind,
                colour: Self.colours[kind] ?? "#222222"
            )
        }
        if rows.isEmpty { page.text(30, Self.top, "no stream has a full window yet") }
        for (row, (model, stream)) in rows.enumerated() {
            for value in model.values.indices {
                let place = Panel(
                    x: Self.left + Double(value) * step.0,
                    y: Self.top + Double(row) * step.1 + 20,
                    width: Self.panel.width,
                    height: Self.panel.height
                )
                draw(&page, place, model, stream, value)
            }
        }
        for (row, (model, stream)) in covered.enumerated() {
            let panel = Panel(
                x: Self.left,
                y: below + Double(row) * coverageStep + 30,
                width: Self.coverage.width,
                height: Self.coverage.height
            )
            drawCoverage(&page, panel, model, stream)
        }
        return page.finished
    }

    /// The shares of a stream's truths that answers held, and where they must lie.
    private func drawCoverage(
        _ page: inout Drawing,
        _ panel: Panel,
        _ model: ModelMonitoring,
        _ stream: String
    ) {
        let cells = model.coverage.filter { $0.stream == stream }.map { standing in
            Cell(
                model: model.model,
                output: standing.output,
                bin: standing.bin,
                nominal: standing.coverage,
                measured: standing.share,
                // An adapted calibration promises no band: there is only the mark.
                low: standing.low.isNaN ? standing.share : standing.low,
                high: standing.high.isNaN ? standing.share : standing.high,
                events: standing.events
            )
        }
        SharesPanel(
            title: "\(model.model) \(model.version), stream \(stream): "
                + MonitoringTable.coverageHeading(model),
            x: "bin",
            y: "measured coverage",
            lowest: 0.6,
            highest: 1
        ).draw(&page, panel, cells)
    }

    /// Cumulative shares at the bins' edges: the largest difference of two is their distance.
    private func draw(
        _ page: inout Drawing,
        _ panel: Panel,
        _ model: ModelMonitoring,
        _ stream: ModelMonitoring.Stream,
        _ value: Int
    ) {
        let edges = model.values[value].edges
        let unit = model.values[value].unit
        let name = model.values[value].name + (unit.isEmpty || unit == "1" ? "" : " [\(unit)]")
        let low = edges.first ?? 0
        let high = max(edges.last ?? 1, low + 1e-9)
        let axes = Axes(panel, x: (low, high), y: (0, 1))
        axes.frame(
            &page,
            title: value == 0 ? "\(model.model) \(model.version), stream \(stream.name)" : "",
            x: name,
            y: value == 0 ? "share below" : "",
            xTicks: Axes.ticks((low, high)),
            yTicks: [0, 0.5, 1]
        )
        func curve(_ counts: ModelMonitoring.Counts, _ colour: String) {
            let all = Double(max(1, counts.events.reduce(0, +)))
            var below = 0.0
            var points: [(Double, Double)] = []
            for (edge, events) in zip(edges, counts.events) {
                below += Double(events)
                points.append((axes.x(edge), axes.y(below / all)))
            }
            page.path(points, colour)
        }
        for reference in model.references {
            curve(reference.counts[value], Self.colours[reference.kind] ?? "#222222")
        }
        curve(stream.counts[value], Self.windowColour)
        for (line, comparison) in stream.comparisons.enumerated() {
            let drift = comparison.values[value]
            let distance = MonitoringTable.number(drift.distance, 2)
            page.text(
                panel.x + 6,
                panel.y + 16 + 14 * Double(line),
                "\(distance)\(drift.isAlarm ? " alarm" : "")",
                size: 11,
                colour: Self.colours[comparison.reference] ?? "#222222"
            )
        }
    }
}
