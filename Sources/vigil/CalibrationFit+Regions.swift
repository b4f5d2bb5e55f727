import Calibration
import Messages

extension CalibrationFit {
    /// Events of a region, of which half can be held out, one to shape it and one to prove it.
    private static let fewestInRegion = 4

    /// Ellipses for two outputs together, in the bins of the first.
    func region(
        _ description: RegionDescription
    ) throws -> (RegionCalibration, CalibrationSamples.Region) {
        let entries = description.outputs.compactMap { name in
            model.uncertainty.first { $0.output == name }
        }
        guard entries.count == 2 else {
            throw Complaint("\(model.name): a region of outputs without intervals")
        }
        let truths = try entries.map { try source.column($0.truth) }
        let values = try entries.map { try raw.column($0.output) }
        let scales = entries.map { RawScale($0, raw) }
        let columns = try source.binColumns(entries[0], raw)
        let isNormal = try source.normalRows()
        let chosen = rows { row in
            isNormal[row] && (truths + values).allSatisfy { $0[row].isFinite }
        }
        guard chosen.count >= Self.fewestInRegion else {
            throw Complaint(
                "\(path)[\(entries[0].truth)]: found \(chosen.count) events with finite truths, allowed are at least \(Self.fewestInRegion), so that half of them can be held out"
            )
        }
        try requireBins(entries[0], chosen, columns)
        let sample = CalibrationSamples.Region(
            samples: chosen.map { row in
                ConformalEllipses.Sample(
                    truth: (truths[0][row], truths[1][row]),
                    value: (values[0][row], values[1][row]),
                    scale: (scales[0].value(row), scales[1].value(row))
                )
            },
            binColumns: columns.map { column in chosen.map { column[$0] } }
        )
        let region = try RegionCalibration(
            outputs: description.outputs,
            binColumns: entries[0].bins.map(column),
            ellipses: try ConformalEllipses.fit(
                bins: try entries[0].grid(),
                samples: sample.samples,
                binColumns: sample.binColumns
            ).roundedUpToSinglePrecision()
        )
        return (region, sample)
    }
}

/// The model's own scale of an output, as the daemon takes it: the scale it answers, half the
/// distance of its quantiles, or 1.
private struct RawScale {
    private let sigma: [Float]
    private let lower: [Float]
    private let upper: [Float]

    init(_ entry: UncertaintyDescription, _ raw: Scoring.Outcome) {
        sigma = raw[entry.sigma]
        lower = raw[entry.lower]
        upper = raw[entry.upper]
    }

    func value(_ row: Int) -> Double {
        if !lower.isEmpty, !upper.isEmpty { return (Double(upper[row]) - Double(lower[row])) / 2 }
        return sigma.isEmpty ? 1 : Double(sigma[row])
    }
}
