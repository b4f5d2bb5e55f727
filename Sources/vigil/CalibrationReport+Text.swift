extension CalibrationReport {
    /// Prints tables for people.
    func show() {
        print("calibrated \(model) \(version) on \(events) events: \(file)")
        showCells("Coverage, held-out halves", coverage) { Output.percent($0) }
        showWidths()
        for (output, effective) in effective_events.sorted(by: { $0.key < $1.key }) {
            let texts = zip(effective, outputs[output] ?? []).map {
                "\(Output.fixed($0, 0)) of \($1)"
            }
            print("\(output): effective events by bin: \(texts.joined(separator: ", "))")
        }
        showCells("Coverage of regions, held-out halves", regions) { Output.percent($0) }
        showSizes()
        for entry in probabilities { entry.show() }
        showReliability()
        showCells("P-values, held-out halves", p_values, digits: 4) {
            "p <= \(Output.shortest($0))"
        }
        if let highest = floors.map(\.floor).max() {
            print("No bin's smallest p-value is above \(Output.significant(highest, 2)).")
        }
        print("")
        for text in guarantees { print("- \(text)") }
        for change in reload { print(change) }
    }

    /// One row a bin, one column a level.
    private func showCells(
        _ title: String,
        _ cells: [Cell],
        digits: Int = 3,
        _ label: (Double) -> String
    ) {
        guard !cells.isEmpty else { return }
        print("\n\(Cell.title(title, cells))")
        var rows: [[String]] = []
        for output in cells.map(\.output).distinct {
            let levels = Dictionary(grouping: cells.filter { $0.output == output }, by: \.bin)
            for (bin, events) in bins(output, cells).enumerated() {
                let row = levels[events.bin] ?? []
                rows.append(
                    [output, events.bin, "\(outputs[output]?[bin] ?? 0)", "\(events.events)"]
                        + row.map { Self.text($0, digits) }
                )
            }
        }
        Output.table(
            ["output", "bin", "events", "tested"] + cells.map(\.nominal).distinct.map(label),
            rows
        )
    }

    /// The cells of an output's first level, which are its bins in order.
    private func bins(_ output: String, _ cells: [Cell]) -> [Cell] {
        let first = cells.first?.nominal
        return cells.filter { $0.output == output && $0.nominal == first }
    }

    private static func text(_ cell: Cell, _ digits: Int) -> String {
        guard cell.events > 0 else { return "-" }
        // The half that calibrates has too few events: all is covered, no p-value is so small.
        if cell.low == cell.high, cell.isInside { return cell.low == 1 ? "infinite" : "none" }
        let numbers = [cell.measured, cell.low, cell.high].map { Output.fixed($0, digits) }
        return "\(numbers[0]) in [\(numbers[1]), \(numbers[2])]"
            + (cell.isInside ? "" : " OUTSIDE")
    }

    private func showWidths() {
        guard !widths.isEmpty else { return }
        print("\nWidths of intervals; of a limit, its distance from the value")
        Output.table(
            ["output", "bin", "at", "side", "unit", "mean", "error", "median", "10 %", "90 %"],
            shown(widths, at: \.nominal).map { width in
                [width.output, width.bin, Output.percent(width.nominal), width.side, width.unit]
                    + Self.texts(width.width)
            }
        )
    }

    private func showSizes() {
        guard !region_sizes.isEmpty else { return }
        print("\nEllipses: longer semi-axis and area")
        Output.table(
            [
                "output", "bin", "at", "unit", "mean", "error", "median", "10 %", "90 %", "area",
                "error",
            ],
            shown(region_sizes, at: \.nominal).map { size in
                [size.output, size.bin, Output.percent(size.nominal), size.unit]
                    + Self.texts(size.major)
                    + [size.area.mean, size.area.error].map { Output.significant($0, 3) }
            }
        )
    }

    /// Those at the manifest's coverage, or at the largest there is; JSON has all.
    func shown<Entry>(_ entries: [Entry], at level: (Entry) -> Double) -> [Entry] {
        let levels = entries.map(level)
        let chosen = levels.contains(default_coverage) ? default_coverage : levels.max()
        return entries.filter { level($0) == chosen }
    }

    private static func texts(_ spread: Spread) -> [String] {
        [spread.mean, spread.error, spread.median, spread.p10, spread.p90].map {
            Output.significant($0, 3)
        }
    }

    private func showReliability() {
        guard !reliability.isEmpty else { return }
        print("\n\(Cell.title("Reliability, folds held out", reliability))")
        Output.table(
            ["class", "bin", "events", "mean probability", "share", "low", "high", ""],
            reliability.map { cell in
                [cell.output, cell.bin, "\(cell.events)"]
                    + [cell.nominal, cell.measured, cell.low, cell.high].map {
                        Output.significant($0, 3)
                    } + [cell.isInside ? "" : "OUTSIDE"]
            }
        )
    }
}

extension CalibrationReport.Probabilities {
    fileprivate func show() {
        print(
            "\nProbability of \(of) from \(output) by \(method), \(folds) folds held out; AUC \(Output.fixed(auc, 5))"
        )
        Output.table(
            ["method", "log loss [nats]", "error", "Brier"],
            losses.map {
                [
                    $0.method, Output.fixed($0.log_loss, 5), Output.fixed($0.log_loss_error, 5),
                    Output.fixed($0.brier, 5),
                ]
            }
        )
        let widths = [pair_width.mean, pair_width.median, pair_width.p90].map {
            Output.significant($0, 2)
        }
        print(
            "Width of the Venn-ABERS pair: mean \(widths[0]), median \(widths[1]), a tenth above \(widths[2])."
        )
        for (name, counts) in histogram.events.sorted(by: { $0.key < $1.key }) {
            let sharp = (counts.first ?? 0) + (counts.last ?? 0)
            let share = Output.percent(Double(sharp) / Double(max(1, counts.reduce(0, +))))
            let edge = Output.shortest(histogram.edges[1])
            print(
                "\(share) of \(name) have a probability below \(edge) or above \(Output.shortest(1 - histogram.edges[1]))."
            )
        }
    }
}
