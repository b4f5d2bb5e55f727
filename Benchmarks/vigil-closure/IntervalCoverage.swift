import Calibration

/// How often position-cnn's intervals hold x, in its bins along S2, over many divisions of its events.
enum IntervalCoverage {
    private static let coverage = 0.9

    static func measured(
        _ data: ScoredEvents,
        _ repetitions: Int,
        _ lots: inout Lots
    ) throws -> [RepeatedShare.Summary] {
        let rows = try data.rows(kinds: 0...1)
        let samples = try data.positions(rows)
        let light = try data.column("s2_top").at(rows)
        let bins = data.lightBins
        let cells = try bins.indices(of: [light], count: rows.count, name: "s2_top")
        let members = cells.members(bins.count)
        let ends = ConformalMethod.allCases.flatMap(End.all)
        var shares = ends.map { _ in [RepeatedShare](repeating: .init(), count: bins.count) }
        for _ in 0..<repetitions {
            let (calibrating, testing) = lots.halves(members)
            var fitted: [ConformalMethod: SplitConformal] = [:]
            for method in ConformalMethod.allCases {
                fitted[method] = try SplitConformal.fit(
                    method,
                    bins: bins,
                    samples: samples.at(calibrating),
                    binColumns: [light.at(calibrating)]
                ).roundedUpToSinglePrecision()
            }
            for (place, end) in ends.enumerated() {
                guard let conformal = fitted[end.method] else { continue }
                var held = [Int](repeating: 0, count: bins.count)
                var events = held
                let quantiles = held.indices.map { conformal.quantile(bin: $0, coverage: coverage) }
                for index in testing {
                    let bin = cells[index]
                    events[bin] += 1
                    if end.holds(samples[index], conformal, quantiles[bin]) { held[bin] += 1 }
                }
                for bin in held.indices where members[bin].count >= PoolLimits.fewestEvents {
                    shares[place][bin].add(
                        held: held[bin],
                        of: events[bin],
                        rank: end.rank(conformal.eventsPerBin[bin], coverage),
                        calibrating: conformal.eventsPerBin[bin],
                        &lots
                    )
                }
            }
        }
        return try ends.enumerated().flatMap { place, end in
            try [shares[place]].summaries(
                end.name,
                bins: bins,
                levels: [end.coverage(coverage)],
                members: members
            )
        }
    }

    /// What has one score, and so a law: an interval, or one end of the asymmetric form.
    private struct End {
        let method: ConformalMethod
        /// The only end looked at, or both.
        let side: IntervalSide

        static func all(_ method: ConformalMethod) -> [End] {
            method == .cqrAsymmetric
                ? [End(method: method, side: .lower), End(method: method, side: .upper)]
                : [End(method: method, side: .both)]
        }

        var name: String {
            side == .both ? method.rawValue : "\(method.rawValue), \(side.rawValue) end"
        }

        func coverage(_ wanted: Double) -> Double { side == .both ? wanted : (1 + wanted) / 2 }

        func rank(_ events: Int, _ wanted: Double) -> Int {
            side == .both
                ? ConformalRank.rank(events: events, coverage: wanted)
                : ConformalRank.rankOfOneEnd(events: events, coverage: wanted)
        }

        func holds(
            _ sample: SplitConformal.Sample,
            _ conformal: SplitConformal,
            _ quantile: ConformalQuantile
        ) -> Bool {
            let ends = conformal.interval(
                quantile,
                value: sample.value,
                lower: sample.lower,
                upper: sample.upper,
                sigma: sample.sigma
            )
            return switch side {
            case .both: ends.lower <= sample.truth && sample.truth <= ends.upper
            case .lower: ends.lower <= sample.truth
            case .upper: sample.truth <= ends.upper
            }
        }
    }
}
