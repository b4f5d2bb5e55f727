extension ConformalEllipses {
    /// How often ellipses of one half of the events hold the truth of the other half, at each of
    /// `coverages`, as `SplitConformal.heldOut` for one output.
    ///
    /// O(n log n). Refuses what `fit` refuses, and events of which one half cannot be fitted.
    public static func heldOut(
        bins: MondrianGrid,
        samples: [Sample],
        binColumns: [[Double]],
        coverages: [Double]
    ) throws(CalibrationError) -> BinnedShares {
        let cells = try bins.indices(of: binColumns, count: samples.count, name: "binColumns")
        let (fitted, tested) = HeldOutParts.halves(groups: cells)
        guard fitted.count >= 2 else {
            throw CalibrationError(
                "samples",
                found: "\(samples.count) events",
                allowed: "at least 4, so that half of them can be held out"
            )
        }
        let ellipses = try fit(
            bins: bins,
            samples: fitted.map { samples[$0] },
            binColumns: binColumns.map { column in fitted.map { column[$0] } }
        ).roundedUpToSinglePrecision()
        var shares = BinnedShares(
            law: .coverage,
            levels: coverages,
            calibrationEvents: ellipses.eventsPerBin
        )
        let radii = coverages.map { coverage in
            (0..<bins.count).map { ellipses.radius(bin: $0, coverage: coverage) }
        }
        for index in tested {
            let bin = cells[index]
            let score = ellipses.score(samples[index], bin: bin)
            shares.add(bin: bin) { score <= radii[$0][bin] }
        }
        return shares
    }

    /// The longer semi-axes of these events' ellipses and their areas at a coverage, bin by bin.
    ///
    /// Samples as in `fit`, with `binColumns`; areas in the square of the outputs' unit.
    public func sizes(
        of samples: [Sample],
        binColumns: [[Double]],
        coverage: Double
    ) throws(CalibrationError) -> [(major: WidthSummary, area: WidthSummary)] {
        let cells = try bins.indices(of: binColumns, count: samples.count, name: "binColumns")
        return cells.members(bins.count).enumerated().map { bin, members in
            func summary(_ size: (Ellipse) -> Double) -> WidthSummary {
                WidthSummary(coverage: coverage, calibrationEvents: eventsPerBin[bin]) { coverage in
                    let radius = radius(bin: bin, coverage: coverage)
                    return members.map {
                        size(ellipse(radius: radius, bin: bin, scale: samples[$0].scale))
                    }
                }
            }
            return (
                major: summary { $0.major },
                area: summary { .pi * $0.major * $0.minor }
            )
        }
    }
}
