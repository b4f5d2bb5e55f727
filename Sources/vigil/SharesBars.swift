/// The shares of one event as bars to the left and right of zero, the largest above.
struct SharesBars {
    let explained: ExplainedEvents

    static let width = 640.0
    private static let labels = 210.0
    /// Room on each side of the bars for their numbers.
    private static let numbers = 64.0
    private static let row = 26.0
    private static let bar = 16.0
    /// Characters of a label that there is room for.
    private static let labelLength = 30

    private struct Bar {
        let label: String
        let share: Double
        let error: Double
    }

    /// Height of a panel of so many features.
    static func height(features: Int) -> Double {
        row * Double(min(features, ExplainedEvents.mostShown + 1))
    }

    func draw(_ page: inout Drawing, _ event: ExplainedEvents.Event, _ whole: Panel) {
        let bars = bars(event)
        let panel = Panel(
            x: whole.x + Self.labels + Self.numbers,
            y: whole.y,
            width: whole.width - Self.labels - 2 * Self.numbers,
            height: Self.row * Double(bars.count)
        )
        let range = Self.range(bars)
        let axes = Axes(panel, x: range, y: (0, 1))
        let bottom = panel.y + panel.height
        let ticks = Axes.ticks(range, about: 4)
        for tick in ticks {
            page.line(axes.x(tick), panel.y, axes.x(tick), bottom, "#dddddd")
            axes.tick(&page, x: tick, Axes.label(tick, among: ticks))
        }
        page.line(panel.x, bottom, panel.x + panel.width, bottom, "#222222")
        let unit = explained.unit.isEmpty || explained.unit == "1" ? "" : " [\(explained.unit)]"
        page.text(
            panel.x + panel.width / 2,
            bottom + 42,
            "share of \(explained.whole)\(unit)",
            anchor: "middle"
        )
        for (number, bar) in bars.enumerated() {
            let middle = panel.y + Self.row * (Double(number) + 0.5)
            page.text(whole.x + Self.labels - 8, middle + 4.5, bar.label, anchor: "end")
            draw(&page, bar, axes, middle)
        }
        page.line(axes.x(0), panel.y, axes.x(0), bottom, "#222222")
    }

    private func draw(_ page: inout Drawing, _ bar: Bar, _ axes: Axes, _ middle: Double) {
        let (zero, end) = (axes.x(0), axes.x(bar.share))
        page.rectangle(
            min(zero, end),
            middle - Self.bar / 2,
            abs(end - zero),
            Self.bar,
            fill: bar.share < 0 ? DivergingScale.low : DivergingScale.high
        )
        let ends = (axes.x(bar.share - bar.error), axes.x(bar.share + bar.error))
        if bar.error > 0 {
            page.line(ends.0, middle, ends.1, middle, "#222222")
            for end in [ends.0, ends.1] { page.line(end, middle - 4, end, middle + 4, "#222222") }
        }
        let text = Output.significant(bar.share, 3)
        if bar.share < 0 {
            page.text(ends.0 - 6, middle + 4, text, size: 12, anchor: "end")
        } else {
            page.text(ends.1 + 6, middle + 4, text, size: 12)
        }
    }

    private func bars(_ event: ExplainedEvents.Event) -> [Bar] {
        let order = event.order
        // One that is left is as well shown as summed.
        let count =
            order.count == ExplainedEvents.mostShown + 1
            ? order.count : min(order.count, ExplainedEvents.mostShown)
        var bars = order.prefix(count).map { feature in
            let value = event.inputs.map { " = \(Output.significant($0[feature], 4))" } ?? ""
            return Bar(
                label: Self.shortened(explained.label(feature), by: value) + value,
                share: event.shares[feature],
                error: event.errors?[feature] ?? 0
            )
        }
        let rest = order.dropFirst(count)
        if !rest.isEmpty {
            let sum = rest.map { event.shares[$0] }.reduce(0, +)
            bars.append(Bar(label: "\(rest.count) others", share: sum, error: 0))
        }
        return bars
    }

    private static func shortened(_ name: String, by value: String) -> String {
        let room = max(8, labelLength - value.count)
        return name.count > room ? "\(name.prefix(room - 1))…" : name
    }

    /// Holds zero and every bar with its error.
    private static func range(_ bars: [Bar]) -> (Double, Double) {
        let low = min(0, bars.map { $0.share - $0.error }.min() ?? 0)
        let high = max(0, bars.map { $0.share + $0.error }.max() ?? 0)
        return low < high ? (low, high) : (-1, 1)
    }
}
