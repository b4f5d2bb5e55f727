internal import Tensors
import Calibration
import Datasets
import Messages

/// Fits what a model's manifest declares to raw scores and their truth.
struct CalibrationFit {
    let model: ModelDescription
    let source: EventSource
    /// File of the events, for messages.
    let path: String
    let raw: Scoring.Outcome
    /// Events of the data that weigh those that calibrate, and the daemon's raw scores of them, where
    /// the model's histograms need some.
    var target: (source: EventSource, raw: Scoring.Outcome)?

    /// What calibrates an output, the events it was fitted to, and their number.
    typealias Fitted = ([OutputCalibration.Kind], CalibrationSamples.Kind, Int)

    /// The calibration file, and the events that it was fitted to.
    func fitted(
        date: String,
        dataDigest: String
    ) throws -> (file: CalibrationFile, samples: CalibrationSamples) {
        var outputs: [OutputCalibration] = []
        var samples = CalibrationSamples()
        var events = 0
        for entry in model.uncertainty {
            let truth = try source.column(entry.truth)
            let columns = try source.binColumns(entry, raw)
            let (kinds, sample, used) =
                entry.isSet
                ? try sets(entry, truth, columns, dataDigest)
                : try kinds(entry, truth, try entry.grid(), columns)
            events = max(events, used)
            samples.outputs.append(sample)
            outputs.append(
                try OutputCalibration(
                    output: entry.output,
                    binColumns: try entry.bins.map(column),
                    kinds: kinds
                )
            )
        }
        var regions: [RegionCalibration] = []
        for description in model.regions {
            let (region, sample) = try region(description)
            regions.append(region)
            samples.regions.append(sample)
        }
        let file = try CalibrationFile(
            model: model.name,
            version: model.version,
            artefactDigest: model.digest,
            engine: model.engine,
            engineVersion: model.engineVersion,
            precision: model.precision,
            deviceClass: model.deviceClass,
            date: date,
            dataDigest: dataDigest,
            events: events,
            outputs: outputs,
            regions: regions
        )
        return (file, samples)
    }

    /// Sets of classes; what events draw is a function of the data's digest and their rows, so that the
    /// same data give the same file.
    private func sets(
        _ entry: UncertaintyDescription,
        _ truth: [Double],
        _ columns: [[Double]],
        _ dataDigest: String
    ) throws -> Fitted {
        let fit = try SetFit(entry, truth: truth, raw: raw)
        let chosen = rows { fit.labels[$0] != nil }
        try requireClasses(entry, truth, chosen, fewest: 1)
        try requireBins(entry, chosen, columns)
        let digits = dataDigest.split(separator: ":").last?.prefix(16) ?? ""
        return try fit.kinds(
            bins: try entry.grid(),
            columns: columns,
            seed: UInt64(digits, radix: 16) ?? 0
        )
    }

    private func kinds(
        _ entry: UncertaintyDescription,
        _ truth: [Double],
        _ bins: MondrianGrid,
        _ columns: [[Double]]
    ) throws -> Fitted {
        let scores = try raw.prediction(entry).values
        switch entry.method {
        case _ where entry.isBinary:
            return try binary(entry, truth, scores, bins, columns)
        case "p-value":
            let normal = entry.classes[0]
            let chosen = rows { normal.labels.contains(truth[$0]) && scores[$0].isFinite }
            try requireClasses(entry, truth, chosen, fewest: 1)
            try requireBins(entry, chosen, columns)
            let (sample, pValues) = try pValues(normal.name, chosen, scores, bins, columns)
            return ([.pValues([pValues])], .pValues([sample]), chosen.count)
        default:
            return try interval(entry, truth, scores, bins, columns)
        }
    }

    func rows(_ isChosen: (Int) -> Bool) -> [Int] { (0..<raw.rows).filter(isChosen) }

    func column(_ axis: BinAxis) throws -> BinColumn {
        guard let source = BinColumn.Source(rawValue: axis.source) else {
            throw Complaint("the bin column source '\(axis.source)' is not known here")
        }
        return try BinColumn(
            source: source,
            name: axis.name,
            feature: axis.feature.isEmpty ? nil : axis.feature
        )
    }
}
