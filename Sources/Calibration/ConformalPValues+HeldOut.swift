extension ConformalPValues {
    /// How often p-values by one half of the events are at most each of `levels` for the other half,
    /// as `SplitConformal.heldOut` for intervals.
    ///
    /// O(n log n). Refuses what `fit` refuses.
    public static func heldOut(
        scores: [Double],
        bins: MondrianGrid,
        binColumns: [[Double]],
        levels: [Double]
    ) throws(CalibrationError) -> BinnedShares {
        let cells = try bins.indices(of: binColumns, count: scores.count, name: "binColumns")
        let (fitted, tested) = HeldOutParts.halves(groups: cells)
        let table = try fit(
            scores: fitted.map { scores[$0] },
            bins: bins,
            binColumns: binColumns.map { column in fitted.map { column[$0] } }
        )
        var shares = BinnedShares(
            law: .pValue,
            levels: levels,
            calibrationEvents: table.eventsPerBin
        )
        for index in tested {
            let pValue = table.pValue(scores[index], bin: cells[index])
            shares.add(bin: cells[index]) { pValue <= levels[$0] }
        }
        return shares
    }
}
