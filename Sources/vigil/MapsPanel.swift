/// One event where its features lie: the input beside the shares.
struct MapsPanel {
    let explained: ExplainedEvents
    let shares: FeatureMap
    /// Where the elements of the input lie, if they are drawn.
    let input: FeatureMap?

    static let height = side
    private static let side = 300.0
    private static let bar = 14.0
    /// Room for a map's colours and their numbers.
    private static let legend = 92.0
    private static let gap = 16.0

    var width: Double {
        let map = Self.side + Self.legend
        return input == nil ? map : 2 * map + Self.gap
    }

    func draw(_ page: inout Drawing, _ event: ExplainedEvents.Event, _ panel: Panel) {
        var x = panel.x
        if let input, let numbers = event.input {
            let values = input.sums(numbers)
            let finite = values.filter(\.isFinite)
            let (low, high) = (finite.min() ?? 0, finite.max() ?? 0)
            draw(
                &page,
                input,
                at: x,
                panel.y,
                values.map { high > low ? ($0 - low) / (high - low) : $0 - low },
                ColourScale.colour
            )
            colours(&page, ColourScale.colour, at: x, panel.y, [high, (low + high) / 2, low])
            let unit = explained.inputUnit
            caption(&page, unit.isEmpty ? "input" : "input [\(unit)]", x, panel)
            x += Self.side + Self.legend + Self.gap
        }
        let values = shares.sums(event.shares)
        let reach = values.map(abs).max() ?? 0
        draw(
            &page,
            shares,
            at: x,
            panel.y,
            values.map { reach > 0 ? $0 / reach : 0 },
            DivergingScale.colour
        )
        colours(
            &page,
            { DivergingScale.colour(2 * $0 - 1) },
            at: x,
            panel.y,
            [reach, 0, -reach]
        )
        let unit = explained.unit.isEmpty || explained.unit == "1" ? "" : " [\(explained.unit)]"
        caption(&page, "share of \(explained.whole)\(unit)", x, panel)
    }

    private func colours(
        _ page: inout Drawing,
        _ colour: @escaping (Double) -> String,
        at x: Double,
        _ y: Double,
        _ labels: [Double]
    ) {
        let texts = labels.map { Output.significant($0, 3) }
        ColourBar(colour: colour).draw(
            &page,
            Panel(x: x + Self.side + 12, y: y, width: Self.bar, height: Self.side),
            high: texts[0],
            middle: texts[1],
            low: texts[2]
        )
    }

    private func caption(_ page: inout Drawing, _ text: String, _ x: Double, _ panel: Panel) {
        page.text(x + Self.side / 2, panel.y + Self.side + 24, text, anchor: "middle")
    }

    private func draw(
        _ page: inout Drawing,
        _ map: FeatureMap,
        at left: Double,
        _ top: Double,
        _ values: [Double],
        _ colour: (Double) -> String
    ) {
        let across = Self.ends(map.places.map { ($0.x, $0.width) })
        let down = Self.ends(map.places.map { ($0.y, $0.height) })
        let scale = Self.side / max(across.high - across.low, down.high - down.low)
        let size = (
            width: scale * (across.high - across.low), height: scale * (down.high - down.low)
        )
        let x0 = left + (Self.side - size.width) / 2
        let y0 = top + (Self.side - size.height) / 2
        for (place, value) in zip(map.places, values) {
            let x = x0 + scale * (place.x - across.low)
            let y = y0 + scale * (place.y - down.low)
            let (width, height) = (scale * place.width, scale * place.height)
            if map.isRound {
                page.circle(x, y, width / 2, fill: colour(value))
                page.ring(x, y, width / 2, "#999999")
            } else {
                // A little over the next one, lest the page shine through between them.
                page.rectangle(
                    x - width / 2,
                    y - height / 2,
                    width + 0.5,
                    height + 0.5,
                    fill: colour(value)
                )
            }
        }
        if !map.isRound { page.frame(x0, y0, size.width, size.height) }
    }

    private static func ends(_ spans: [(middle: Double, size: Double)]) -> (
        low: Double, high: Double
    ) {
        let low = spans.map { $0.middle - $0.size / 2 }.min() ?? 0
        let high = spans.map { $0.middle + $0.size / 2 }.max() ?? 1
        return (low, high)
    }
}
