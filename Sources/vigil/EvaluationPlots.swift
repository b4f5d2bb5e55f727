/// The report of an evaluation as one SVG page: positions, coverage, scores.
struct EvaluationPlots {
    private let result: EvaluationResult

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
        let level = "\(Output.fixed(result.positionCoverage * 100, 0)) %"
        ColourBar(colour: ColourScale.colour).draw(
            &page,
            Panel(x: panel.x + panel.width + 16, y: panel.y, width: 14, height: panel.height),
            high: "\(Output.fixed(high, 0)) mm",
            middle: level,
            low: "\(Output.fixed(low, 0)) mm"
        )
    }

    // MARK: Coverage

    private func coverage(_ page: inout Drawing, _ panel: Panel) {
        SharesPanel(
            title: "Coverage bin by bin, and where it must lie",
            x: result.coverageAxis,
            y: "measured coverage",
            lowest: 0.6,
            highest: 1
        ).draw(&page, panel, result.coverage)
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
        HistogramPanel(title: "Scores of \(model.model)", x: model.axis, range: range)
            .draw(&page, panel, histograms, names: model.names)
    }
}
