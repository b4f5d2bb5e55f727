import Calibration

/// A sudden offset of all answered x, as of a detector that was moved, with and without adaptation.
struct PositionStep: Encodable {
    let bins: String
    let offset: Double
    let step: Double
    let eventsBefore: Int
    let eventsAfter: Int
    let fixed: Double
    let adaptive: Double
    /// How much less than the coverage wanted adaptation may reach over so many truths.
    let allowance: Double
    /// Coverage of successive events, `eventsOfOnePoint` each.
    let fixedPoints: [Double]
    let adaptivePoints: [Double]
    let eventsOfOnePoint: Int

    private static let coverage = 0.9
    /// Offset, mm.
    private static let shift = 4.0
    private static let rate = 0.005
    private static let before = 10_000
    private static let block = 1_000

    static func measured(_ data: ScoredEvents) throws -> [PositionStep] {
        try [("one bin", MondrianGrid.whole), ("S2 bins", data.lightBins)].map {
            try measured(data, name: $0, bins: $1)
        }
    }

    private static func measured(
        _ data: ScoredEvents,
        name: String,
        bins: MondrianGrid
    ) throws -> PositionStep {
        let light = try data.column("s2_top")
        let calibrating = try data.rows(kinds: 0...1, isCalibration: true)
        let testing = try data.rows(kinds: 0...1, isCalibration: false)
        let fixed = try SplitConformal.fit(
            .cqr,
            bins: bins,
            samples: data.positions(calibrating),
            binColumns: bins.axes.map { _ in light.at(calibrating) }
        )
        var adaptive = fixed
        var levels = try AdaptedLevels(coverage: coverage, step: rate, bins: bins.count)
        let cells = try bins.indices(
            of: bins.axes.map { _ in light.at(testing) },
            count: testing.count,
            name: "s2_top"
        )
        var held = (fixed: [Bool](), adaptive: [Bool]())
        for (event, sample) in try data.positions(testing).enumerated() {
            let offset = event < before ? 0 : shift
            let moved = SplitConformal.Sample(
                truth: sample.truth,
                value: sample.value + offset,
                lower: sample.lower + offset,
                upper: sample.upper + offset
            )
            let bin = cells[event]
            held.fixed.append(
                fixed.holds(moved, fixed.quantile(bin: bin, coverage: coverage))
            )
            adaptive.adapted = levels
            let isCovered = adaptive.holds(
                moved,
                adaptive.quantile(bin: bin, coverage: coverage)
            )
            held.adaptive.append(isCovered)
            levels.learn(bin: bin, isCovered: isCovered)
        }
        let after = testing.count - before
        return PositionStep(
            bins: name,
            offset: shift,
            step: rate,
            eventsBefore: before,
            eventsAfter: after,
            fixed: share(held.fixed[before...]),
            adaptive: share(held.adaptive[before...]),
            allowance: Double(bins.count) * (1 - coverage + rate) / (rate * Double(after)),
            fixedPoints: points(held.fixed),
            adaptivePoints: points(held.adaptive),
            eventsOfOnePoint: block
        )
    }

    private static func share(_ held: ArraySlice<Bool>) -> Double {
        Double(held.count { $0 }) / Double(held.count)
    }

    private static func points(_ held: [Bool]) -> [Double] {
        stride(from: 0, to: held.count - block + 1, by: block).map {
            share(held[$0..<$0 + block])
        }
    }
}
