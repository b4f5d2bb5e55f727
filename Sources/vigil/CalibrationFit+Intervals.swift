import Calibration
import Messages

extension CalibrationFit {
    func interval(
        _ entry: UncertaintyDescription,
        _ truth: [Double],
        _ scores: [Double],
        _ bins: MondrianGrid,
        _ columns: [[Double]]
    ) throws -> Fitted {
        guard let method = entry.conformalMethod else {
            throw Complaint(
                "the method '\(entry.method)' of output '\(entry.output)' is not known here"
            )
        }
        // Only what the model was made for: anomalies have a truth, but no model of it.
        let isNormal = try source.normalRows()
        let (lower, upper) = (raw[entry.lower], raw[entry.upper])
        let sigma = try raw.prediction(entry).sigmas
        let chosen = rows { isNormal[$0] && truth[$0].isFinite && scores[$0].isFinite }
        guard !chosen.isEmpty else {
            throw Complaint("\(path)[\(entry.truth)]: no events with a finite truth")
        }
        try requireBins(entry, chosen, columns)
        let samples = chosen.map { row in
            SplitConformal.Sample(
                truth: truth[row],
                value: scores[row],
                lower: lower.isEmpty ? .nan : Double(lower[row]),
                upper: upper.isEmpty ? .nan : Double(upper[row]),
                sigma: sigma.isEmpty ? .nan : sigma[row]
            )
        }
        let side = IntervalSide(rawValue: entry.side) ?? .both
        let sample = CalibrationSamples.Interval(
            samples: samples,
            binColumns: columns.map { column in chosen.map { column[$0] } }
        )
        if let axis = entry.weight {
            let (weight, weights) = try self.weight(axis, chosen)
            let fitted = try WeightedConformal.fit(
                method,
                side: side,
                bins: bins,
                samples: sample.samples,
                binColumns: sample.binColumns,
                weight: weight,
                weights: weights
            ).roundedUpToSinglePrecision()
            return ([.weightedInterval(fitted)], .weighted, samples.count)
        }
        let fitted = try SplitConformal.fit(
            method,
            side: side,
            bins: bins,
            samples: sample.samples,
            binColumns: sample.binColumns
        )
        return (
            [.interval(fitted.roundedUpToSinglePrecision())], .interval(sample), samples.count
        )
    }

    /// Where events find their weight, and those of the events that calibrate.
    private func weight(_ axis: BinAxis, _ chosen: [Int]) throws -> (EventWeight, [Double]) {
        let values = try source.values(of: axis, raw)
        let own = chosen.map { values[$0] }
        guard !axis.edges.isEmpty else { return (.column(try column(axis)), own) }
        guard let target else {
            throw Complaint(
                "\(model.name) weighs events by histograms along \(axis.label): --target names events of the data"
            )
        }
        let ratio = try DensityRatio(
            data: try target.source.values(of: axis, target.raw),
            calibration: own,
            bins: try MondrianBins(edges: axis.edges)
        )
        return (.ratio(try column(axis), ratio), own.map(ratio.weight))
    }
}
