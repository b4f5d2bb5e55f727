import Calibration

/// How often position-cnn's ellipses hold x and y together, in its bins along S2.
enum EllipseCoverage {
    /// One standard deviation of a plane, one of a line, and 90 %.
    private static let levels = [0.393, 0.68, 0.9]

    static func measured(
        _ data: ScoredEvents,
        _ repetitions: Int,
        _ lots: inout Lots
    ) throws -> [RepeatedShare.Summary] {
        let rows = try data.rows(kinds: 0...1)
        let samples = zip(try data.positions(rows), try data.positions(rows, axis: "y")).map {
            ConformalEllipses.Sample(
                truth: ($0.truth, $1.truth),
                value: ($0.value, $1.value),
                scale: (($0.upper - $0.lower) / 2, ($1.upper - $1.lower) / 2)
            )
        }
        let light = try data.column("s2_top").at(rows)
        let bins = data.lightBins
        let cells = try bins.indices(of: [light], count: rows.count, name: "s2_top")
        let members = cells.members(bins.count)
        var shares = levels.map { _ in [RepeatedShare](repeating: .init(), count: bins.count) }
        for _ in 0..<repetitions {
            let (drawn, testing) = lots.halves(members)
            let calibrating = drawn.shuffled(using: &lots)
            let ellipses = try ConformalEllipses.fit(
                bins: bins,
                samples: samples.at(calibrating),
                binColumns: [light.at(calibrating)]
            ).roundedUpToSinglePrecision()
            var measured = BinnedShares(
                law: .coverage,
                levels: levels,
                calibrationEvents: ellipses.eventsPerBin
            )
            let radii = levels.map { level in
                members.indices.map { ellipses.radius(bin: $0, coverage: level) }
            }
            for index in testing {
                let bin = cells[index]
                let score = ellipses.score(samples[index], bin: bin)
                measured.add(bin: bin) { score <= radii[$0][bin] }
            }
            shares.take(measured, members: members, &lots)
        }
        return try shares.summaries("ellipse", bins: bins, levels: levels, members: members)
    }
}

extension [[RepeatedShare]] {
    /// One division of levels that are coverages.
    mutating func take(_ measured: BinnedShares, members: [[Int]], _ lots: inout Lots) {
        for (level, coverage) in measured.levels.enumerated() {
            for bin in members.indices where members[bin].count >= PoolLimits.fewestEvents {
                let events = measured.calibrationEvents[bin]
                self[level][bin].add(
                    held: measured.held[level][bin],
                    of: measured.events[bin],
                    rank: ConformalRank.rank(events: events, coverage: coverage),
                    calibrating: events,
                    &lots
                )
            }
        }
    }
}
