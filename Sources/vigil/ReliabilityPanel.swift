/// Shares of a class beside the probabilities answered, with the bands in which they must lie.
///
/// Both axes are those of log odds: what separates classes well answers near 0 and 1. A share of 0
/// or 1, or a band that reaches it, ends at the frame.
struct ReliabilityPanel {
    let title: String
    let x: String
    let y: String

    private static let ticks = [0.0001, 0.01, 0.1, 0.5, 0.9, 0.99, 0.9999]
    /// The axes reach from a tenth to nine tenths at least, and no further than one in 100,000.
    private static let (least, most) = (0.1, 1e-5)

    func draw(_ page: inout Drawing, _ panel: Panel, _ cells: [Cell]) {
        let nearest = cells.map { min($0.nominal, 1 - $0.nominal) }.min() ?? Self.least
        let reach = -Axes.logit(min(max(nearest / 2, Self.most), Self.least))
        let range = (-reach, reach)
        func place(_ share: Double) -> Double { min(max(Axes.logit(share), -reach), reach) }
        let axes = Axes(panel, x: range, y: range)
        let ticks = Self.ticks.filter { abs(Axes.logit($0)) <= reach }
        axes.frame(&page, title: title, x: x, y: y, xTicks: [], yTicks: [], xTitle: 42)
        for tick in ticks {
            axes.tick(&page, x: Axes.logit(tick), Output.shortest(tick))
            axes.tick(&page, y: Axes.logit(tick), Output.shortest(tick))
        }
        page.line(
            axes.x(-reach),
            axes.y(-reach),
            axes.x(reach),
            axes.y(reach),
            "#222222",
            dash: "5 4"
        )
        for cell in cells {
            let (low, high) = (axes.y(place(cell.low)), axes.y(place(cell.high)))
            let middle = axes.x(place(cell.nominal))
            page.rectangle(
                middle - 4,
                high,
                8,
                low - high,
                fill: Drawing.colour(0),
                opacity: 0.22
            )
            page.circle(middle, axes.y(place(cell.measured)), 3, fill: Drawing.colour(0))
        }
    }
}
