extension SplitConformal {
    /// How often intervals of one half of the events hold the truth of the other half, at each of
    /// `coverages`.
    ///
    /// Halves are drawn by lot within bins, so that the law of coverage is exact for them. Coverage of
    /// the events that calibrate would be as asked by construction, and so would that of folds taken
    /// together: what one fold has too much of, the others lack, and their sum is as asked to first
    /// order. O(n log n). Refuses what `fit` refuses.
    public static func heldOut(
        _ method: ConformalMethod,
        side: IntervalSide = .both,
        bins: MondrianGrid,
        samples: [Sample],
        binColumns: [[Double]],
        coverages: [Double]
    ) throws(CalibrationError) -> BinnedShares {
        let cells = try bins.indices(of: binColumns, count: samples.count, name: "binColumns")
        let (fitted, tested) = HeldOutParts.halves(groups: cells)
        let conformal = try fit(
            method,
            side: side,
            bins: bins,
            samples: fitted.map { samples[$0] },
            binColumns: binColumns.map { column in fitted.map { column[$0] } }
        ).roundedUpToSinglePrecision()
        var shares = BinnedShares(
            law: method.law,
            levels: coverages,
            calibrationEvents: conformal.eventsPerBin
        )
        let quantiles = coverages.map { coverage in
            (0..<bins.count).map { conformal.quantile(bin: $0, coverage: coverage) }
        }
        for index in tested {
            let (sample, bin) = (samples[index], cells[index])
            shares.add(bin: bin) { level in
                let ends = conformal.interval(quantiles[level][bin], sample)
                return ends.lower <= sample.truth && sample.truth <= ends.upper
            }
        }
        return shares
    }

    /// How wide the intervals of these events are at a coverage, bin by bin; of a limit, how far it
    /// lies from the value.
    ///
    /// Samples as in `fit`, with `binColumns`.
    public func widths(
        of samples: [Sample],
        binColumns: [[Double]],
        coverage: Double
    ) throws(CalibrationError) -> [WidthSummary] {
        let cells = try bins.indices(of: binColumns, count: samples.count, name: "binColumns")
        return cells.members(bins.count).enumerated().map { bin, members in
            WidthSummary(coverage: coverage, calibrationEvents: eventsPerBin[bin]) { coverage in
                let quantile = quantile(bin: bin, coverage: coverage)
                return members.map { width(quantile, samples[$0]) }
            }
        }
    }

    private func width(_ quantile: ConformalQuantile, _ sample: Sample) -> Double {
        let ends = interval(quantile, sample)
        return switch side {
        case .both: ends.upper - ends.lower
        case .upper: ends.upper - sample.value
        case .lower: sample.value - ends.lower
        }
    }

    private func interval(
        _ quantile: ConformalQuantile,
        _ sample: Sample
    ) -> (lower: Double, upper: Double) {
        interval(
            quantile,
            value: sample.value,
            lower: sample.lower,
            upper: sample.upper,
            sigma: sample.sigma
        )
    }
}

extension [Int] {
    /// The places of each of `count` numbers in a list of them.
    func members(_ count: Int) -> [[Int]] {
        var members = [[Int]](repeating: [], count: count)
        for (index, number) in enumerated() { members[number].append(index) }
        return members
    }
}
