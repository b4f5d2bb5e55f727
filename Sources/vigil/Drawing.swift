import Glibc

/// An SVG page in the making: a few marks, text escaped, numbers always finite.
struct Drawing {
    private var body = ""
    private let width: Double
    private let height: Double

    init(width: Double, height: Double) {
        self.width = width
        self.height = height
    }

    /// The file.
    var finished: String {
        """
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(Self.number(width)) \(Self.number(height))" font-family="Helvetica, Arial, sans-serif">
        <rect width="100%" height="100%" fill="white"/>
        \(body)</svg>

        """
    }

    mutating func text(
        _ x: Double,
        _ y: Double,
        _ text: String,
        size: Double = 13,
        colour: String = "#222222",
        anchor: String = "start",
        isBold: Bool = false
    ) {
        let weight = isBold ? " font-weight=\"bold\"" : ""
        body +=
            "<text x=\"\(Self.number(x))\" y=\"\(Self.number(y))\" font-size=\"\(Self.number(size))\" fill=\"\(colour)\" text-anchor=\"\(anchor)\"\(weight)>\(Self.escaped(text))</text>\n"
    }

    /// Text that hangs from its end, for crowded axes.
    mutating func turned(_ x: Double, _ y: Double, _ text: String) {
        body +=
            "<text transform=\"translate(\(Self.number(x + 4)) \(Self.number(y))) rotate(-55)\" font-size=\"11\" fill=\"#222222\" text-anchor=\"end\">\(Self.escaped(text))</text>\n"
    }

    /// Text along a vertical axis.
    mutating func upright(_ x: Double, _ y: Double, _ text: String) {
        body +=
            "<text transform=\"translate(\(Self.number(x)) \(Self.number(y))) rotate(-90)\" font-size=\"13\" fill=\"#222222\" text-anchor=\"middle\">\(Self.escaped(text))</text>\n"
    }

    mutating func circle(_ x: Double, _ y: Double, _ radius: Double, fill: String) {
        guard x.isFinite, y.isFinite else { return }
        body +=
            "<circle cx=\"\(Self.number(x))\" cy=\"\(Self.number(y))\" r=\"\(Self.number(radius))\" fill=\"\(fill)\"/>\n"
    }

    mutating func ring(_ x: Double, _ y: Double, _ radius: Double, _ colour: String = "#222222") {
        body +=
            "<circle cx=\"\(Self.number(x))\" cy=\"\(Self.number(y))\" r=\"\(Self.number(radius))\" fill=\"none\" stroke=\"\(colour)\"/>\n"
    }

    mutating func line(
        _ x1: Double,
        _ y1: Double,
        _ x2: Double,
        _ y2: Double,
        _ colour: String,
        dash: String = ""
    ) {
        let dashes = dash.isEmpty ? "" : " stroke-dasharray=\"\(dash)\""
        body +=
            "<line x1=\"\(Self.number(x1))\" y1=\"\(Self.number(y1))\" x2=\"\(Self.number(x2))\" y2=\"\(Self.number(y2))\" stroke=\"\(colour)\"\(dashes)/>\n"
    }

    mutating func rectangle(
        _ x: Double,
        _ y: Double,
        _ width: Double,
        _ height: Double,
        fill: String,
        opacity: Double = 1
    ) {
        guard x.isFinite, y.isFinite, height.isFinite, height >= 0 else { return }
        body +=
            "<rect x=\"\(Self.number(x))\" y=\"\(Self.number(y))\" width=\"\(Self.number(width))\" height=\"\(Self.number(height))\" fill=\"\(fill)\" fill-opacity=\"\(Self.number(opacity))\"/>\n"
    }

    /// An empty rectangle.
    mutating func frame(_ x: Double, _ y: Double, _ width: Double, _ height: Double) {
        body +=
            "<rect x=\"\(Self.number(x))\" y=\"\(Self.number(y))\" width=\"\(Self.number(width))\" height=\"\(Self.number(height))\" fill=\"none\" stroke=\"#222222\"/>\n"
    }

    mutating func path(_ points: [(Double, Double)], _ colour: String) {
        let list = points.map { "\(Self.number($0.0)),\(Self.number($0.1))" }.joined(separator: " ")
        body +=
            "<polyline points=\"\(list)\" fill=\"none\" stroke=\"\(colour)\" stroke-width=\"1.8\"/>\n"
    }

    /// Names in the colours of their series, in the panel's upper left corner.
    mutating func legend(_ panel: Panel, _ names: [String]) {
        for (number, name) in names.enumerated() {
            text(
                panel.x + 14,
                panel.y + 20 + 18 * Double(number),
                name,
                size: 14,
                colour: Self.colour(number)
            )
        }
    }

    /// The share of a panel's height that so many names take.
    static func legendShare(_ panel: Panel, _ names: Int) -> Double {
        (12 + 18 * Double(names)) / panel.height
    }

    /// The colour of a series; told apart by the colour-blind too (Okabe and Ito).
    static func colour(_ series: Int) -> String {
        let colours = ["#0072b2", "#d55e00", "#009e73", "#cc79a7"]
        return colours[series % colours.count]
    }

    private static func number(_ value: Double) -> String { Output.fixed(value, 2) }

    private static func escaped(_ text: String) -> String {
        text.map { character in
            switch character {
            case "&": "&amp;"
            case "<": "&lt;"
            case ">": "&gt;"
            default: String(character)
            }
        }.joined()
    }
}

/// A rectangle of the page.
struct Panel {
    let x: Double
    let y: Double
    let width: Double
    let height: Double
}

/// From numbers to places in a panel.
struct Axes {
    private let panel: Panel
    private let xRange: (Double, Double)
    private let yRange: (Double, Double)

    init(_ panel: Panel, x: (Double, Double), y: (Double, Double)) {
        self.panel = panel
        xRange = x
        yRange = y
    }

    func x(_ value: Double) -> Double {
        panel.x + (value - xRange.0) / (xRange.1 - xRange.0) * panel.width
    }

    func y(_ value: Double) -> Double {
        panel.y + panel.height - (value - yRange.0) / (yRange.1 - yRange.0) * panel.height
    }

    /// Frame, title, ticks and axis labels; `xTitle` is how far below the frame the label of x lies.
    func frame(
        _ page: inout Drawing,
        title: String,
        x: String,
        y: String,
        xTicks: [Double],
        yTicks: [Double],
        xTitle: Double? = nil
    ) {
        let (left, top) = (panel.x, panel.y)
        let (right, bottom) = (panel.x + panel.width, panel.y + panel.height)
        for (x1, y1, x2, y2) in [
            (left, top, right, top), (left, bottom, right, bottom), (left, top, left, bottom),
            (right, top, right, bottom),
        ] { page.line(x1, y1, x2, y2, "#222222") }
        page.text(left, top - 12, title, size: 15, isBold: true)
        let below = xTitle ?? (xTicks.isEmpty ? 104 : 42)
        page.text((left + right) / 2, bottom + below, x, anchor: "middle")
        page.upright(left - 52, (top + bottom) / 2, y)
        for tick in xTicks { self.tick(&page, x: tick, Self.label(tick, among: xTicks)) }
        for tick in yTicks where tick >= yRange.0 && tick <= yRange.1 {
            self.tick(&page, y: tick, Self.label(tick, among: yTicks))
        }
    }

    /// A tick of the horizontal axis.
    func tick(_ page: inout Drawing, x place: Double, _ label: String) {
        let bottom = panel.y + panel.height
        page.line(x(place), bottom, x(place), bottom + 5, "#222222")
        page.text(x(place), bottom + 20, label, size: 12, anchor: "middle")
    }

    /// A tick of the vertical axis.
    func tick(_ page: inout Drawing, y place: Double, _ label: String) {
        page.line(panel.x - 5, y(place), panel.x, y(place), "#222222")
        page.text(panel.x - 9, y(place) + 4, label, size: 12, anchor: "end")
    }

    /// About `count` round numbers within a range.
    static func ticks(_ range: (Double, Double), about count: Double = 5) -> [Double] {
        let rough = (range.1 - range.0) / count
        let decade = pow(10, log10(rough).rounded(.down))
        let step = [1, 2, 5, 10].map { $0 * decade }.first { $0 >= rough } ?? rough
        return stride(from: (range.0 / step).rounded(.up) * step, through: range.1, by: step)
            .map { $0 }
    }

    static func power(_ base: Double, _ exponent: Int) -> Double { pow(base, Double(exponent)) }

    static func logarithm10(_ value: Double) -> Double { log10(value) }

    static func logit(_ share: Double) -> Double { log(share / (1 - share)) }

    /// A tick with the decimals that tell it from its neighbours.
    static func label(_ value: Double, among ticks: [Double]) -> String {
        let step = ticks.count > 1 ? abs(ticks[1] - ticks[0]) : 1
        // A step just below a power of ten is one for all that a label shows.
        return Output.fixed(value, max(0, -Int(log10(step * 1.001).rounded(.down))))
    }
}

/// From dark blue over green to yellow: even to the eye, and for the colour-blind.
enum ColourScale {
    private static let stops: [(Double, Double, Double)] = [
        (68, 1, 84), (59, 82, 139), (33, 145, 140), (94, 201, 98), (253, 231, 37),
    ]

    static func colour(_ share: Double) -> String { mixed(stops, share) }

    /// The colour at a share of the way, from 0 to 1, along a scale of stops; NaN is grey.
    static func mixed(_ stops: [(Double, Double, Double)], _ share: Double) -> String {
        guard !share.isNaN else { return "#bbbbbb" }
        let place = min(max(share, 0), 1) * Double(stops.count - 1)
        let index = min(Int(place), stops.count - 2)
        let part = place - Double(index)
        let (low, high) = (stops[index], stops[index + 1])
        let mixed = [
            low.0 + (high.0 - low.0) * part, low.1 + (high.1 - low.1) * part,
            low.2 + (high.2 - low.2) * part,
        ]
        return "rgb(\(mixed.map { String(Int($0.rounded())) }.joined(separator: ",")))"
    }
}
