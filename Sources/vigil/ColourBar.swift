/// What the colours of a panel mean, beside it.
struct ColourBar {
    /// Of a share from 0 to 1 of the bar's height.
    let colour: (Double) -> String

    private static let steps = 64

    func draw(
        _ page: inout Drawing,
        _ bar: Panel,
        high: String,
        middle: String,
        low: String
    ) {
        for step in 0..<Self.steps {
            page.rectangle(
                bar.x,
                bar.y + bar.height * (1 - Double(step + 1) / Double(Self.steps)),
                bar.width,
                bar.height / Double(Self.steps) + 0.5,
                fill: colour(Double(step) / Double(Self.steps - 1))
            )
        }
        page.text(bar.x + 20, bar.y + 10, high, size: 12)
        page.text(bar.x + 20, bar.y + bar.height / 2, middle, size: 12)
        page.text(bar.x + 20, bar.y + bar.height, low, size: 12)
    }
}
