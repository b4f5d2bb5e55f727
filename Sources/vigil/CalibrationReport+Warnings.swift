extension CalibrationReport {
    /// Bins that one warning names.
    private static let mostNamed = 20

    /// Names the bins whose intervals or ellipses will be infinite at coverages that are often asked
    /// for, and those that cannot give a p-value that is often cut at.
    func thinBins() -> [String] {
        var lines: [(title: String, bins: [String])] = []
        func add(_ title: String, _ bin: String, _ events: Int) {
            let place = lines.firstIndex { $0.title == title } ?? lines.count
            if place == lines.count { lines.append((title, [])) }
            lines[place].bins.append("\(bin) (\(events) events)")
        }
        let regions = Set(region_sizes.map(\.output))
        for entry in lacking {
            let what = regions.contains(entry.output) ? "infinite ellipses" : "infinite intervals"
            let title = "\(entry.output) at \(Output.percent(entry.nominal)): \(what)"
            add(title, entry.bin, entry.events)
        }
        for level in Self.usualPValues {
            for entry in floors where entry.floor > level {
                let title = "\(entry.output): no p-value of \(Output.shortest(level)) or less"
                add(title, entry.bin, entry.events)
            }
        }
        return lines.map { title, bins in
            let more = bins.count - Self.mostNamed
            let named = bins.prefix(Self.mostNamed).joined(separator: ", ")
            return "\(title) in too thin bins: \(named)" + (more > 0 ? " and \(more) more" : "")
        }
    }
}
