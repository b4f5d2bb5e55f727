/// Shares bin by bin with the bands in which they must lie.
struct SharesPanel {
    let title: String
    let x: String
    let y: String
    /// Bottom of the axis, if no cell lies below.
    let lowest: Double
    /// Top of it, if none lies above.
    let highest: Double

    func draw(_ page: inout Drawing, _ panel: Panel, _ all: [Cell]) {
        let tested = all.filter { $0.events > 0 }
        let outputs = tested.map(\.output).distinct
        let nominals = tested.map(\.nominal).distinct
        let cells = nominals.flatMap { level in tested.filter { $0.nominal == level } }
        func series(_ cell: Cell) -> String { "\(cell.nominal) \(cell.output)" }
        let places = BinPlaces(cells.map { ($0.bin, series($0)) })
        let margin = (highest - lowest) / 20
        let low = min(lowest, cells.map { min($0.low, $0.measured) }.min() ?? lowest) - margin
        let high = max(highest, cells.map { max($0.high, $0.measured) }.max() ?? highest)
        let isOneLevel = nominals.count == 1
        let legend = isOneLevel ? Drawing.legendShare(panel, outputs.count) : 0
        let range = (low, low + (high + margin / 2 - low) / (1 - legend))
        let axes = Axes(panel, x: places.range, y: range)
        axes.frame(&page, title: title, x: x, y: y, xTicks: [], yTicks: Axes.ticks(range, about: 8))
        places.label(&page, axes, panel)
        // Colours tell what else would be one: levels apart, or outputs.
        for (number, nominal) in nominals.enumerated() {
            let colour = isOneLevel ? "#222222" : Drawing.colour(number)
            let height = axes.y(nominal)
            page.line(panel.x, height, panel.x + panel.width, height, colour, dash: "5 4")
            let label = Output.percent(nominal)
            page.text(panel.x + panel.width + 6, height + 4, label, size: 12, colour: colour)
        }
        for cell in cells {
            guard let place = places.place(cell.bin, series(cell)),
                let level = nominals.firstIndex(of: cell.nominal),
                let output = outputs.firstIndex(of: cell.output)
            else { continue }
            places.mark(
                &page,
                axes,
                at: place,
                low: cell.low,
                high: cell.high,
                value: cell.measured,
                Drawing.colour(isOneLevel ? output : level)
            )
        }
        if isOneLevel { page.legend(panel, outputs) }
    }
}
