/// Places of bins and their series along the horizontal axis of a panel.
struct BinPlaces {
    private let bins: [String]
    private let places: [String: Int]
    /// Series of each bin; bins may have some of their own.
    private let series: [String: [String]]
    /// Most of one bin.
    private let slots: Int

    /// More labels than this would run into each other.
    private static let mostLabels = 24
    /// Part of a bin that its series share.
    private static let share = 0.7

    /// Bins in order of appearance, each with its series in theirs.
    init(_ entries: [(bin: String, series: String)]) {
        bins = entries.map(\.bin).distinct
        places = Dictionary(uniqueKeysWithValues: zip(bins, bins.indices))
        series = Dictionary(grouping: entries, by: \.bin).mapValues { $0.map(\.series).distinct }
        slots = series.values.map(\.count).max() ?? 1
    }

    /// Of the axis.
    var range: (Double, Double) { (-0.5, Double(max(bins.count, 1)) - 0.5) }

    /// Where a bin of a series lies.
    func place(_ bin: String, _ name: String) -> Double? {
        guard let place = places[bin], let series = series[bin],
            let number = series.firstIndex(of: name)
        else { return nil }
        let slot = Double(number) - Double(series.count - 1) / 2
        return Double(place) + Self.share * slot / Double(slots)
    }

    /// A bar from `low` to `high` and a mark, as wide as there is room.
    func mark(
        _ page: inout Drawing,
        _ axes: Axes,
        at place: Double,
        low: Double,
        high: Double,
        value: Double,
        _ colour: String
    ) {
        let room = Self.share * (axes.x(1) - axes.x(0)) / Double(slots)
        let width = min(8, 0.8 * room)
        let top = axes.y(high)
        page.rectangle(
            axes.x(place) - width / 2,
            top,
            width,
            axes.y(low) - top,
            fill: colour,
            opacity: 0.22
        )
        page.circle(axes.x(place), axes.y(value), min(3, max(2, width / 2)), fill: colour)
    }

    /// Writes the bins below the axis.
    func label(_ page: inout Drawing, _ axes: Axes, _ panel: Panel) {
        let step = (bins.count + Self.mostLabels - 1) / Self.mostLabels
        for index in stride(from: 0, to: bins.count, by: max(1, step)) {
            page.turned(axes.x(Double(index)), panel.y + panel.height + 14, bins[index])
        }
    }
}
