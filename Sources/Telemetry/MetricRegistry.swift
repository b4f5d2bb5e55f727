internal import Synchronization

/// All metrics of the process, rendered as Prometheus text (exposition format 0.0.4).
///
/// Handles are made when a part of the daemon starts, their labels rendered once; asking for
/// the same name and labels again gives the same handle.
public final class MetricRegistry: Sendable {
    /// Label names and values.
    public typealias Labels = [(String, String)]

    private enum Metric: Sendable {
        case counter(Counter)
        case gauge(Gauge)
        case histogram(Histogram)
        case reading(@Sendable () -> Double)
        case countReading(@Sendable () -> Double)

        var type: String {
            switch self {
            case .counter, .countReading: "counter"
            case .gauge, .reading: "gauge"
            case .histogram: "histogram"
            }
        }
    }

    private struct Child: Sendable {
        let labels: [String: String]
        let text: String
        var metric: Metric
    }

    private struct Family: Sendable {
        let help: String
        let type: String
        var children: [Child]
    }

    /// A family that is read as a whole: which children it has changes while the process runs.
    ///
    /// Whoever fills it bounds their number.
    public struct Rows: Sendable {
        /// What the numbers are.
        public enum Kind: String, Sendable {
            case counter
            case gauge
        }

        let name: String
        let help: String
        let type: Kind
        private(set) var lines: [(labels: String, value: Double)] = []

        /// No children yet; a counter's name ends in _total.
        public init(_ name: String, help: String, type: Kind) {
            self.name = name
            self.help = help
            self.type = type
        }

        /// A child and its number.
        public mutating func add(_ labels: Labels, _ value: Double) {
            lines.append((LabelText.render(labels), value))
        }
    }

    private let families = Mutex<[String: Family]>([:])
    private let tables = Mutex<[@Sendable () -> [Rows]]>([])

    /// An empty registry.
    public init() {}

    /// A counter; its name ends in _total.
    public func counter(_ name: String, help: String, labels: Labels = []) -> Counter {
        let metric = child(name, help, labels) { .counter(Counter()) }
        guard case .counter(let counter) = metric else {
            preconditionFailure("\(name) is no counter")
        }
        return counter
    }

    /// A gauge that is set.
    public func gauge(_ name: String, help: String, labels: Labels = []) -> Gauge {
        let metric = child(name, help, labels) { .gauge(Gauge()) }
        guard case .gauge(let gauge) = metric else { preconditionFailure("\(name) is no gauge") }
        return gauge
    }

    /// A gauge that is read when the metrics are; a second one of the same labels takes its place.
    public func reading(
        _ name: String,
        help: String,
        labels: Labels = [],
        read: @escaping @Sendable () -> Double
    ) {
        setReading(name, help, labels, .reading(read))
    }

    /// A counter that is read when the metrics are; its name ends in _total.
    public func countReading(
        _ name: String,
        help: String,
        labels: Labels = [],
        read: @escaping @Sendable () -> Double
    ) {
        setReading(name, help, labels, .countReading(read))
    }

    /// Families that are read together when the metrics are; no other metric has their names.
    public func table(read: @escaping @Sendable () -> [Rows]) {
        tables.withLock { $0.append(read) }
    }

    /// A histogram.
    public func histogram(
        _ name: String,
        help: String,
        bounds: [UInt64],
        unit: Histogram.Unit,
        labels: Labels = []
    ) -> Histogram {
        let metric = child(name, help, labels) { .histogram(Histogram(bounds: bounds, unit: unit)) }
        guard case .histogram(let histogram) = metric else {
            preconditionFailure("\(name) is no histogram")
        }
        return histogram
    }

    /// Forgets every metric that carries all of these labels: an unloaded version's.
    public func remove(labels: Labels) {
        families.withLock { families in
            for name in families.keys {
                families[name]?.children.removeAll { child in
                    labels.allSatisfy { child.labels[$0.0] == $0.1 }
                }
                if families[name]?.children.isEmpty ?? false { families[name] = nil }
            }
        }
    }

    private func child(
        _ name: String,
        _ help: String,
        _ labels: Labels,
        make: () -> Metric
    ) -> Metric {
        let values = Dictionary(labels.map { ($0.0, $0.1) }, uniquingKeysWith: { $1 })
        return families.withLock { families in
            var family = families[name] ?? Family(help: help, type: make().type, children: [])
            // Labels in another order are the same labels.
            if let known = family.children.first(where: { $0.labels == values }) {
                return known.metric
            }
            let metric = make()
            precondition(metric.type == family.type, "\(name) is a \(family.type)")
            family.children.append(
                Child(labels: values, text: LabelText.render(labels), metric: metric)
            )
            families[name] = family
            return metric
        }
    }

    private func setReading(_ name: String, _ help: String, _ labels: Labels, _ reading: Metric) {
        _ = child(name, help, labels) { reading }
        let text = LabelText.render(labels)
        families.withLock { families in
            guard let index = families[name]?.children.firstIndex(where: { $0.text == text }) else {
                return
            }
            families[name]?.children[index].metric = reading
        }
    }

    /// Everything as text, families by name, children by labels.
    public func render() -> [UInt8] {
        let families = families.withLock { $0 }
        var text = ""
        for (name, family) in families.sorted(by: { $0.key < $1.key }) {
            Self.begin(name, family.help, family.type, into: &text)
            for child in family.children.sorted(by: { $0.text < $1.text }) {
                Self.render(name, child, into: &text)
            }
        }
        let tables = tables.withLock { $0 }
        for family in tables.flatMap({ $0() }) {
            Self.begin(family.name, family.help, family.type.rawValue, into: &text)
            for line in family.lines.sorted(by: { $0.labels < $1.labels }) {
                text += "\(family.name){\(line.labels)} \(Self.number(line.value))\n"
            }
        }
        return Array(text.utf8)
    }

    private static func begin(
        _ name: String,
        _ help: String,
        _ type: String,
        into text: inout String
    ) {
        text += "# HELP \(name) \(LabelText.escape(help, quotes: false))\n"
        text += "# TYPE \(name) \(type)\n"
    }

    private static func render(_ name: String, _ child: Child, into text: inout String) {
        let braces = child.text.isEmpty ? "" : "{\(child.text)}"
        switch child.metric {
        case .counter(let counter):
            text += "\(name)\(braces) \(counter.value)\n"
        case .gauge(let gauge):
            text += "\(name)\(braces) \(number(gauge.value))\n"
        case .reading(let read), .countReading(let read):
            text += "\(name)\(braces) \(number(read()))\n"
        case .histogram(let histogram):
            let scale = histogram.unit == .seconds ? 1e-9 : 1
            let (counts, sum) = histogram.snapshot
            let comma = child.text.isEmpty ? "" : ","
            var total = 0
            for (index, count) in counts.enumerated() {
                total += count
                let bound =
                    index < histogram.bounds.count
                    ? number(Double(histogram.bounds[index]) * scale) : "+Inf"
                text += "\(name)_bucket{\(child.text)\(comma)le=\"\(bound)\"} \(total)\n"
            }
            text += "\(name)_sum\(braces) \(number(Double(sum) * scale))\n"
            text += "\(name)_count\(braces) \(total)\n"
        }
    }

    private static func number(_ value: Double) -> String {
        if value == .infinity { return "+Inf" }
        if value == -.infinity { return "-Inf" }
        if value.isNaN { return "NaN" }
        if abs(value) >= 1e15 { return "\(value)" }
        if value == value.rounded() { return String(Int(value)) }
        // Nine digits: bounds such as 0.0025 come out as they are written.
        let scaled = (value * 1e9).rounded() / 1e9
        return abs(scaled) > 1e-6 ? "\(scaled)" : "\(value)"
    }
}

/// Labels as text.
enum LabelText {
    static func render(_ labels: MetricRegistry.Labels) -> String {
        labels.map { "\($0.0)=\"\(escape($0.1, quotes: true))\"" }.joined(separator: ",")
    }

    /// Backslash, line feed and, in values, the quote.
    static func escape(_ text: String, quotes: Bool) -> String {
        var escaped = ""
        for character in text.unicodeScalars {
            switch character {
            case "\\": escaped += "\\\\"
            case "\n": escaped += "\\n"
            case "\"" where quotes: escaped += "\\\""
            default: escaped.unicodeScalars.append(character)
            }
        }
        return escaped
    }
}
