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

    /// The calibration file.
    func file(date: String, dataDigest: String) throws -> CalibrationFile {
        var outputs: [OutputCalibration] = []
        var events = 0
        for entry in model.uncertainty {
            let truth = try source.column(entry.truth)
            let bins = try MondrianBins(edges: entry.binEdges)
            let values = try source.binValues(entry, raw)
            let (kinds, used) = try kinds(entry, truth, bins, values)
            events = max(events, used)
            outputs.append(
                try OutputCalibration(
                    output: entry.output,
                    binColumn: try column(entry),
                    kinds: kinds
                )
            )
        }
        return try CalibrationFile(
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
            outputs: outputs
        )
    }

    private func kinds(
        _ entry: UncertaintyDescription,
        _ truth: [Double],
        _ bins: MondrianBins,
        _ values: [Double]
    ) throws -> ([OutputCalibration.Kind], Int) {
        let scores = try raw.column(entry.output)
        switch entry.method {
        case "venn-abers":
            return try binary(entry, truth, scores, bins, values)
        case "p-value":
            let normal = entry.classes[0]
            let chosen = rows { normal.labels.contains(truth[$0]) && scores[$0].isFinite }
            try requireClasses(entry, truth, chosen)
            try requireBins(entry, chosen, values)
            let table = try ConformalPValues.fit(
                scores: chosen.map { scores[$0] },
                binValues: chosen.map { values[$0] },
                bins: bins
            )
            return ([.pValues([ClassPValues(name: normal.name, table: table)])], chosen.count)
        default:
            return try interval(entry, truth, scores, bins, values)
        }
    }

    private func binary(
        _ entry: UncertaintyDescription,
        _ truth: [Double],
        _ scores: [Double],
        _ bins: MondrianBins,
        _ values: [Double]
    ) throws -> ([OutputCalibration.Kind], Int) {
        let (zero, one) = (entry.classes[0], entry.classes[1])
        let chosen = rows { row in
            (zero.labels + one.labels).contains(truth[row]) && scores[row].isFinite
        }
        try requireClasses(entry, truth, chosen)
        try requireBins(entry, chosen, values)
        let vennAbers = try VennAbers.fit(
            scores: chosen.map { scores[$0] },
            labels: chosen.map { one.labels.contains(truth[$0]) }
        )
        var tables: [ClassPValues] = []
        for (index, one) in entry.classes.enumerated() {
            let members = chosen.filter { one.labels.contains(truth[$0]) }
            // Stranger for class 0 is a higher score, for class 1 a lower one.
            let sign: Double = index == 0 ? 1 : -1
            tables.append(
                ClassPValues(
                    name: one.name,
                    table: try ConformalPValues.fit(
                        scores: members.map { sign * scores[$0] },
                        binValues: members.map { values[$0] },
                        bins: bins
                    )
                )
            )
        }
        return ([.vennAbers(vennAbers), .pValues(tables)], chosen.count)
    }

    private func interval(
        _ entry: UncertaintyDescription,
        _ truth: [Double],
        _ scores: [Double],
        _ bins: MondrianBins,
        _ values: [Double]
    ) throws -> ([OutputCalibration.Kind], Int) {
        guard let method = ConformalMethod(rawValue: entry.method) else {
            throw Complaint(
                "the method '\(entry.method)' of output '\(entry.output)' is not known here"
            )
        }
        // Only what the model was made for: anomalies have a truth, but no model of it.
        let isNormal = try source.normalRows()
        let (lower, upper, sigma) = (raw[entry.lower], raw[entry.upper], raw[entry.sigma])
        let chosen = rows { isNormal[$0] && truth[$0].isFinite && scores[$0].isFinite }
        guard !chosen.isEmpty else {
            throw Complaint("\(path)[\(entry.truth)]: no events with a finite truth")
        }
        try requireBins(entry, chosen, values)
        let samples = chosen.map { row in
            SplitConformal.Sample(
                truth: truth[row],
                value: scores[row],
                lower: lower.isEmpty ? .nan : Double(lower[row]),
                upper: upper.isEmpty ? .nan : Double(upper[row]),
                sigma: sigma.isEmpty ? .nan : Double(sigma[row]),
                binValue: values[row]
            )
        }
        let fitted = try SplitConformal.fit(method, bins: bins, samples: samples)
        return ([.interval(fitted.roundedUpToSinglePrecision())], samples.count)
    }

    private func rows(_ isChosen: (Int) -> Bool) -> [Int] { (0..<raw.rows).filter(isChosen) }

    private func requireClasses(
        _ entry: UncertaintyDescription,
        _ truth: [Double],
        _ chosen: [Int]
    ) throws {
        for one in entry.classes where !chosen.contains(where: { one.labels.contains(truth[$0]) }) {
            throw Complaint("\(path)[\(entry.truth)]: no event of \(one.words)")
        }
    }

    /// Every event that calibrates belongs to a bin.
    private func requireBins(
        _ entry: UncertaintyDescription,
        _ chosen: [Int],
        _ values: [Double]
    ) throws {
        guard let row = chosen.first(where: { values[$0].isNaN }) else { return }
        let name = entry.binFeature.isEmpty ? entry.binName : entry.binFeature
        throw Complaint(
            entry.binSource == "output"
                ? "\(path): the output \(name), which the bins cut, is nan in row \(row)"
                : "\(path)[\(name)]: found nan in row \(row), allowed are numbers"
        )
    }

    private func column(_ entry: UncertaintyDescription) throws -> BinColumn? {
        guard let source = BinColumn.Source(rawValue: entry.binSource) else { return nil }
        return try BinColumn(
            source: source,
            name: entry.binName,
            feature: entry.binFeature.isEmpty ? nil : entry.binFeature
        )
    }
}

extension ClassDescription {
    /// The class with its labels, as "class nr (label 1)".
    var words: String {
        let texts = labels.map { Output.shortest($0) }.joined(separator: ", ")
        return "class \(name) (\(labels.count == 1 ? "label" : "labels") \(texts))"
    }
}
