/// Histograms of classes as steps, events on a logarithmic axis.
struct HistogramPanel {
    let title: String
    let x: String
    let range: (Double, Double)

    /// `histograms` have equal bins over the range, one of `names` each.
    func draw(
        _ page: inout Drawing,
        _ panel: Panel,
        _ histograms: [[Double]],
        names: [String]
    ) {
        let top = max(10, histograms.joined().max() ?? 10)
        var decades = 1
        while Axes.power(10, decades) < top * 1.3 { decades += 1 }
        let axes = Axes(panel, x: range, y: (-0.3, Double(decades)))
        axes.frame(&page, title: title, x: x, y: "events", xTicks: Axes.ticks(range), yTicks: [])
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
                let edges = [index, index + 1].map {
                    range.0 + (range.1 - range.0) * Double($0) / Double(bins.count)
                }
                path += edges.map { (axes.x($0), axes.y(height)) }
            }
            page.path(path, Drawing.colour(number))
        }
        page.legend(panel, names)
    }
}
