/// The report of a calibration as one SVG page.
struct CalibrationPlots {
    private let report: CalibrationReport
    private typealias Draw = (inout Drawing, Panel) -> Void

    /// Room of a panel with its labels, and of the title.
    private static let room = (width: 540.0, height: 560.0)
    private static let top = 60.0

    init(_ report: CalibrationReport) {
        self.report = report
    }

    /// The page.
    func svg() -> String {
        let draws = intervals + regions + binary + pValues
        let columns = draws.count <= 4 ? min(2, draws.count) : 3
        let rows = (draws.count + columns - 1) / columns
        var page = Drawing(
            width: Double(columns) * Self.room.width,
            height: Self.top + Double(rows) * Self.room.height
        )
        let title = "vigil calibrate: \(report.model) \(report.version), \(report.events) events"
        page.text(30, 36, title, size: 20, isBold: true)
        for (number, draw) in draws.enumerated() {
            let column = Double(number % columns)
            let row = Double(number / columns)
            draw(
                &page,
                Panel(
                    x: 80 + column * Self.room.width,
                    y: Self.top + 30 + row * Self.room.height,
                    width: 400,
                    height: 380
                )
            )
        }
        return page.finished
    }

    /// What the bins of some outputs cut.
    private func axis(_ outputs: [String]) -> String {
        let columns = outputs.distinct.flatMap { report.bin_columns[$0] ?? [] }.distinct
        return columns.isEmpty ? "one bin" : "bins of \(columns.joined(separator: ", "))"
    }

    private var intervals: [Draw] {
        guard !report.coverage.isEmpty else { return [] }
        let units = report.widths.map(\.unit).distinct.joined(separator: ", ")
        let widths = report.shown(report.widths, at: \.nominal)
        let level = Output.percent(widths.first?.nominal ?? report.default_coverage)
        return [
            { page, panel in
                SharesPanel(
                    title: "Coverage of held-out halves, and where it must lie",
                    x: axis(report.coverage.map(\.output)),
                    y: "measured coverage",
                    lowest: 0.6,
                    highest: 1
                ).draw(&page, panel, report.coverage)
            },
            { page, panel in
                SpreadPanel(
                    title: "Width at \(level): mean, its error, 10 to 90 % of events",
                    x: axis(widths.map(\.output)),
                    y: "width [\(units)]"
                ).draw(
                    &page,
                    panel,
                    widths.map { .init(series: $0.output, bin: $0.bin, spread: $0.width) }
                )
            },
        ]
    }

    private var regions: [Draw] {
        report.region_sizes.map(\.output).distinct.flatMap { output -> [Draw] in
            let sizes = report.region_sizes.filter { $0.output == output }
            return [
                { page, panel in
                    SharesPanel(
                        title: "Coverage of ellipses of \(output), held-out halves",
                        x: axis([output]),
                        y: "measured coverage",
                        lowest: 0.3,
                        highest: 1
                    ).draw(&page, panel, report.regions.filter { $0.output == output })
                },
                { page, panel in
                    SpreadPanel(
                        title: "Longer semi-axis of \(output): mean, its error, 10 to 90 %",
                        x: axis([output]),
                        y: "semi-axis [\(sizes[0].unit)]"
                    ).draw(
                        &page,
                        panel,
                        sizes.map {
                            .init(series: Output.percent($0.nominal), bin: $0.bin, spread: $0.major)
                        }
                    )
                },
            ]
        }
    }

    private var binary: [Draw] {
        report.probabilities.flatMap { entry -> [Draw] in
            let names = entry.histogram.events.keys.sorted()
            return [
                { page, panel in
                    ReliabilityPanel(
                        title: "Reliability of \(entry.method), folds held out",
                        x: "mean probability of \(entry.of)",
                        y: "share of \(entry.of)"
                    ).draw(&page, panel, report.reliability)
                },
                { page, panel in
                    HistogramPanel(
                        title: "Probabilities by class, folds held out",
                        x: "probability of \(entry.of)",
                        range: (0, 1)
                    ).draw(
                        &page,
                        panel,
                        names.map { (entry.histogram.events[$0] ?? []).map(Double.init) },
                        names: names
                    )
                },
            ]
        }
    }

    private var pValues: [Draw] {
        report.p_values.map(\.nominal).distinct.map { level in
            { page, panel in
                SharesPanel(
                    title: "P-values of at most \(Output.shortest(level)), held-out halves",
                    x: axis(report.p_values.map(\.output)),
                    y: "share of the class's own events",
                    lowest: 0,
                    highest: 2 * level
                ).draw(&page, panel, report.p_values.filter { $0.nominal == level })
            }
        }
    }
}
