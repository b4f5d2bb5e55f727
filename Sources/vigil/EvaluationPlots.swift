/// The report of an evaluation as one SVG page: positions, coverage, scores.
struct EvaluationPlots {
    private let result: EvaluationResult

    private static let colours = ["#0072b2", "#d55e00", "#009e73", "#cc79a7"]

    init(_ result: EvaluationResult) {
        self.result = result
    }

    /// The page.
    func svg() -> String {
        var page = Drawing(width: 1560, height: 590)
        page.text(30, 36, "vigil evaluate: \(result.events) events", size: 20, isBold: true)
        positions(&page, Panel(x: 80, y: 90, width: 380, height: 380))
        coverage(&page, Panel(x: 620, y: 90, width: 400, height: 380))
        scores(&page, Panel(x: 1140, y: 90, width: 380, height: 380))
        return page.finished
    }

    // MARK: Positions

    private func positions(_ page: inout Drawing, _ panel: Panel) {
        let shown = result.positions.prefix(4000)
        let reach = 800.0
        let axes = Axes(panel, x: (-reach, reach), y: (-reach, reach))
        axes.frame(
            &page,
            title: "Reconstructed position, and width of its x interval",
            x: "x [mm]",
            y: "y [mm]",
            xTicks: [-600, -300, 0, 300, 600],
            yTicks: [-600, -300, 0, 300, 600]
        )
        guard !shown.isEmpty else {
            return page.text(panel.x + 20, panel.y + 30, "no position model")
        }
        let sorted = shown.map(\.width).sorted()
        let low = sorted[sorted.count / 50]
        let high = sorted[sorted.count * 49 / 50]
        for position in shown {
            let share = high > low ? min(max((position.width - low) / (high - low), 0), 1) : 0
            page.circle(
                axes.x(position.x),
                axes.y(position.y),
                1.4,
                fill: ColourScale.colour(share)
            )
        }
        page.ring(axes.x(0), axes.y(0), axes.x(728) - axes.x(0))
        let bar = Panel(x: panel.x + panel.width + 16, y: panel.y, width: 14, height: panel.height)
        for step in 0..<64 {
            let share = Double(step) / 63
            page.rectangle(
                bar.x,
                bar.y + bar.height * (1 - Double(step + 1) / 64),
                bar.width,
                bar.height / 64 + 0.5,
                fill: ColourScale.colour(share)
            )
        }
        page.text(bar.x + 20, bar.y + 10, "\(Output.fixed(high, 0)) mm", size: 12)
        page.text(bar.x + 20, bar.y + bar.height, "\(Output.fixed(low, 0)) mm", size: 12)
        let level = "\(Output.fixed(result.positionCoverage * 100, 0)) %"
        page.text(bar.x + 20, bar.y + bar.height / 2, level, size: 12)
    }

    // MARK: Coverage

    private func coverage(_ page: inout Drawing, _ panel: Panel) {
        let cells = result.coverage.filter { $0.events > 0 }
        let bins = cells.reduce(into: [String]()) { if !$0.contains($1.bin) { $0.append($1.bin) } }
        let nominals = cells.reduce(into: [Double]()) {
            if !$0.contains($1.nominal) { $0.append($1.nominal) }
        }
        let outputs = cells.reduce(into: [String]()) {
            if !$0.contains($1.output) { $0.append($1.output) }
        }
        let lowest = min(0.6, cells.map { min($0.low, $0.measured) }.min() ?? 0.6)
        let axes = Axes(
            panel,
            x: (-0.5, Double(max(bins.count, 1)) - 0.5),
            y: (lowest - 0.02, 1.01)
        )
        axes.frame(
            &page,
            title: "Coverage bin by bin, and where it must lie",
            x: result.coverageAxis,
            y: "measured coverage",
            xTicks: [],
            yTicks: [0.6, 0.7, 0.8, 0.9, 1.0]
        )
        for (index, bin) in bins.enumerated() {
            page.turned(axes.x(Double(index)), panel.y + panel.height + 14, bin)
        }
        for (number, nominal) in nominals.enumerated() {
            let colour = Self.colours[number % Self.colours.count]
            page.line(
                panel.x,
                axes.y(nominal),
                panel.x + panel.width,
                axes.y(nominal),
                colour,
                dash: "5 4"
            )
            for cell in cells where cell.nominal == nominal {
                guard let bin = bins.firstIndex(of: cell.bin),
                    let output = outputs.firstIndex(of: cell.output)
                else { continue }
                let place =
                    Double(bin) + (Double(output) + 0.5) / Double(outputs.count) * 0.5 - 0.25
                page.rectangle(
                    axes.x(place) - 4,
                    axes.y(cell.high),
                    8,
                    axes.y(cell.low) - axes.y(cell.high),
                    fill: colour,
                    opacity: 0.22
                )
                page.circle(axes.x(place), axes.y(cell.measured), 3, fill: colour)
            }
            page.text(
                panel.x + panel.width + 6,
                axes.y(nominal) + 4,
                "\(Output.fixed(nominal * 100, 0)) %",
                size: 12,
                colour: colour
            )
        }
    }

    // MARK: Scores

    /// All but the last few of each tail, a little wider.
    private static func range(_ scores: some Sequence<Double>) -> (Double, Double) {
        let sorted = scores.filter(\.isFinite).sorted()
        guard let first = sorted.first, let last = sorted.last, first < last else { return (-1, 1) }
        let low = sorted[sorted.count / 1000]
        let high = sorted[sorted.count - 1 - sorted.count / 1000]
        let margin = 0.05 * (high - low)
        return (low - margin, high + margin)
    }

    private func scores(_ page: inout Drawing, _ panel: Panel) {
        guard let model = result.scores.first else {
            return page.text(panel.x + 20, panel.y + 30, "no binary model")
        }
        let count = 60
        let range = Self.range(model.scores.joined())
        var histograms: [[Double]] = []
        for scores in model.scores {
            var bins = [Double](repeating: 0, count: count)
            for score in scores where score.isFinite {
                let share = (score - range.0) / (range.1 - range.0)
                bins[min(max(Int(share * Double(count)), 0), count - 1)] += 1
            }
            histograms.append(bins)
        }
        let top = max(10, histograms.joined().max() ?? 10)
        var decades = 1
        while Axes.power(10, decades) < top * 1.3 { decades += 1 }
        let axes = Axes(panel, x: range, y: (-0.3, Double(decades)))
        axes.frame(
            &page,
            title: "Scores of \(model.model)",
            x: model.axis,
            y: "events",
            xTicks: Axes.ticks(range),
            yTicks: []
        )
        for decade in 0...decades {
            page.text(
                panel.x - 8,
                axes.y(Double(decade)) + 4,
                "1\(String(repeating: "0", count: decade))",
                size: 12,
                anchor: "end"
            )
        }
        for (number, bins) in histograms.enumerated() {
            var path: [(Double, Double)] = []
            for (index, events) in bins.enumerated() {
                let height = events > 0 ? max(Axes.logarithm10(events), -0.3) : -0.3
                let left = range.0 + (range.1 - range.0) * Double(index) / Double(count)
                let right = range.0 + (range.1 - range.0) * Double(index + 1) / Double(count)
                path.append((axes.x(left), axes.y(height)))
                path.append((axes.x(right), axes.y(height)))
            }
            let colour = Self.colours[number % Self.colours.count]
            page.path(path, colour)
            page.text(
                panel.x + 14,
                panel.y + 20 + 18 * Double(number),
                model.names[number],
                size: 14,
                colour: colour
            )
        }
    }
}
