import Calibration

/// How often p-values of events of a class, or of normal ones, lie above a level, bin by bin.
enum PValueCoverage {
    /// Shares of events that should be kept: p above 0.1 and above 0.01.
    private static let levels = [0.9, 0.99]

    static func measured(
        _ data: ScoredEvents,
        _ repetitions: Int,
        _ lots: inout Lots
    ) throws -> [RepeatedShare.Summary] {
        var found: [RepeatedShare.Summary] = []
        for (model, score) in [("er-nr-mlp", "mlp"), ("er-nr-tree", "tree")] {
            let margin = try data.column(score)
            found += try measured(
                "p-value of ER, \(model)",
                data,
                kinds: 0...0,
                bins: data.pulseBins,
                scores: margin,
                repetitions,
                &lots
            )
            found += try measured(
                "p-value of NR, \(model)",
                data,
                kinds: 1...1,
                bins: data.pulseBins,
                scores: margin.map { -$0 },
                repetitions,
                &lots
            )
        }
        found += try measured(
            "p-value of normal, kinematic-neighbours",
            data,
            kinds: 0...1,
            bins: data.pulseBins,
            scores: try data.column("neighbours"),
            repetitions,
            &lots
        )
        found += try measured(
            "p-value of normal, pattern-autoencoder",
            data,
            kinds: 0...1,
            bins: .whole,
            scores: try data.column("autoencoder"),
            repetitions,
            &lots
        )
        return found
    }

    private static func measured(
        _ name: String,
        _ data: ScoredEvents,
        kinds: ClosedRange<Int>,
        bins: MondrianGrid,
        scores: [Double],
        _ repetitions: Int,
        _ lots: inout Lots
    ) throws -> [RepeatedShare.Summary] {
        let rows = try data.rows(kinds: kinds)
        let scores = scores.at(rows)
        let pulse = try data.column("s1c").at(rows)
        let columns = bins.axes.map { _ in pulse }
        let cells = try bins.indices(of: columns, count: rows.count, name: "s1c")
        let members = cells.members(bins.count)
        var shares = levels.map { _ in [RepeatedShare](repeating: .init(), count: bins.count) }
        for _ in 0..<repetitions {
            let (calibrating, testing) = lots.halves(members)
            let table = try ConformalPValues.fit(
                scores: scores.at(calibrating),
                bins: bins,
                binColumns: columns.map { $0.at(calibrating) }
            )
            var measured = BinnedShares(
                law: .coverage,
                levels: levels,
                calibrationEvents: table.eventsPerBin
            )
            let largest = levels.map { level in
                members.indices.map { table.largestScore(bin: $0, coverage: level) }
            }
            for index in testing {
                let bin = cells[index]
                measured.add(bin: bin) { scores[index] <= largest[$0][bin] }
            }
            shares.take(measured, members: members, &lots)
        }
        return try shares.summaries(name, bins: bins, levels: levels, members: members)
    }
}
