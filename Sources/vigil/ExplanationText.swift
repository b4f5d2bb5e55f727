/// Explanations as plain text: a table for every event, the largest shares first.
struct ExplanationText {
    private let explained: ExplainedEvents

    /// Characters of the longest bar.
    private static let barLength = 20

    init(_ explained: ExplainedEvents) { self.explained = explained }

    /// Lines, without one at the end.
    var text: String {
        ([["\(explained.heading), \(explained.means)"]] + explained.events.map(lines)).map {
            $0.joined(separator: "\n")
        }
        .joined(separator: "\n\n")
    }

    private func lines(_ event: ExplainedEvents.Event) -> [String] {
        let title = explained.title(event)
        guard event.isExplained else { return [title, ExplainedEvents.unexplained] }
        let order = event.order
        let largest = order.first.map { abs(event.shares[$0]) } ?? 0
        let shown = order.prefix(ExplainedEvents.mostShown)
        var rows = shown.map { feature in
            row(
                explained.label(feature),
                event.inputs.map { Output.significant($0[feature], 4) },
                event.shares[feature],
                event.errors?[feature],
                hasErrors: event.errors != nil,
                largest
            )
        }
        let rest = order.dropFirst(shown.count)
        if !rest.isEmpty {
            let sum = rest.map { event.shares[$0] }.reduce(0, +)
            rows.append(
                row(
                    "\(rest.count) others",
                    event.inputs.map { _ in "" },
                    sum,
                    nil,
                    hasErrors: event.errors != nil,
                    largest
                )
            )
        }
        var header = ["feature"]
        if event.inputs != nil {
            header.append(explained.inputUnit.isEmpty ? "value" : "value [\(explained.inputUnit)]")
        }
        header.append("share")
        if event.errors != nil { header.append("error") }
        return [title] + (explained.sum(event).map { [$0] } ?? [])
            + Output.lines(header + [""], rows)
    }

    private func row(
        _ name: String,
        _ input: String?,
        _ share: Double,
        _ error: Double?,
        hasErrors: Bool,
        _ largest: Double
    ) -> [String] {
        var cells = [name]
        if let input { cells.append(input) }
        cells.append(Output.significant(share, 4))
        if hasErrors { cells.append(error.map { Output.significant($0, 2) } ?? "") }
        return cells + [Self.bar(share, largest)]
    }

    /// A bar to the right for what raises the output, to the left for what lowers it.
    private static func bar(_ share: Double, _ largest: Double) -> String {
        guard largest > 0 else { return "" }
        // The sum of what is left may be larger than the largest.
        let length = Int((min(abs(share) / largest, 1) * Double(barLength)).rounded())
        let bar = String(repeating: "█", count: length)
        let left = share < 0 ? bar : ""
        return String(repeating: " ", count: barLength - left.count) + left + "|"
            + (share < 0 ? "" : bar)
    }
}
