/// Widths bin by bin: mean with its error, and the range of four fifths of the events.
struct SpreadPanel {
    /// One bin of one series.
    struct Entry {
        let series: String
        let bin: String
        let spread: CalibrationReport.Spread
    }

    let title: String
    let x: String
    let y: String

    func draw(_ page: inout Drawing, _ panel: Panel, _ all: [Entry]) {
        // An infinite width has no place; the bin stays empty.
        let entries = all.filter { $0.spread.mean.isFinite }
        let places = BinPlaces(all.map { ($0.bin, $0.series) })
        let names = all.map(\.series).distinct
        let top = entries.map { max($0.spread.p90, $0.spread.mean) }.max() ?? 1
        let legend = Drawing.legendShare(panel, names.count)
        let range = (0.0, top > 0 ? 1.02 * top / (1 - legend) : 1)
        let axes = Axes(panel, x: places.range, y: range)
        axes.frame(&page, title: title, x: x, y: y, xTicks: [], yTicks: Axes.ticks(range, about: 8))
        places.label(&page, axes, panel)
        for entry in entries {
            guard let place = places.place(entry.bin, entry.series),
                let series = names.firstIndex(of: entry.series)
            else { continue }
            let (colour, spread) = (Drawing.colour(series), entry.spread)
            if spread.error.isFinite {
                let ends = [-1.0, 1].map { axes.y(max(0, spread.mean + $0 * spread.error)) }
                page.line(axes.x(place), ends[0], axes.x(place), ends[1], colour)
            }
            places.mark(
                &page,
                axes,
                at: place,
                low: spread.p10,
                high: spread.p90,
                value: spread.mean,
                colour
            )
        }
        page.legend(panel, names)
    }
}
