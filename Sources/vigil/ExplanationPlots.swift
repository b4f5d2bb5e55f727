/// Explanations as one SVG page: the shares of every event as bars, or where its features lie.
struct ExplanationPlots {
    private let explained: ExplainedEvents
    private let maps: MapsPanel?

    /// Events that a page has room for.
    static let mostEvents = 12

    private static let columns = 2
    private static let margin = 40.0
    private static let heading = 84.0
    /// Lines above a panel, and the axis below it.
    private static let above = 64.0
    private static let below = 64.0

    /// `shares` is where the features lie and `input` where the elements of the input do, as far as
    /// that is known and can be drawn.
    init(_ explained: ExplainedEvents, shares: FeatureMap?, input: FeatureMap?) {
        self.explained = explained
        maps = shares.map { MapsPanel(explained: explained, shares: $0, input: input) }
    }

    /// The page.
    func svg() -> String {
        let panel = size
        let cell = (
            width: panel.width + Self.margin, height: Self.above + panel.height + Self.below
        )
        let columns = min(Self.columns, explained.events.count)
        let rows = (explained.events.count + columns - 1) / columns
        var page = Drawing(
            width: Self.margin + Double(columns) * cell.width,
            height: Self.heading + Double(rows) * cell.height
        )
        page.text(Self.margin, 36, explained.heading, size: 17, isBold: true)
        page.text(Self.margin, 58, explained.means)
        for (number, event) in explained.events.enumerated() {
            let x = Self.margin + Double(number % columns) * cell.width
            let y = Self.heading + Double(number / columns) * cell.height
            page.text(x, y + 22, explained.title(event), size: 15, isBold: true)
            if let sum = explained.sum(event), event.isExplained {
                page.text(x, y + 42, sum, size: 13)
            }
            let place = Panel(
                x: x,
                y: y + Self.above,
                width: panel.width,
                height: panel.height
            )
            draw(&page, event, place)
        }
        return page.finished
    }

    private var size: (width: Double, height: Double) {
        guard let maps else {
            return (SharesBars.width, SharesBars.height(features: explained.features.count))
        }
        return (maps.width, MapsPanel.height)
    }

    private func draw(
        _ page: inout Drawing,
        _ event: ExplainedEvents.Event,
        _ panel: Panel
    ) {
        guard event.isExplained else {
            return page.text(panel.x, panel.y, ExplainedEvents.unexplained)
        }
        if let maps {
            maps.draw(&page, event, panel)
        } else {
            SharesBars(explained: explained).draw(&page, event, panel)
        }
    }
}
