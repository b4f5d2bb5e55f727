internal import Tensors
import Calibration
import Datasets
import Messages

/// Fits what a model's manifest declares to raw scores and their truth.
struct CalibrationFit {
    let model: ModelDescription
    let data: Dataset
    let raw: Scoring.Outcome

    /// The calibration file.
    func file(date: String, dataDigest: String) throws -> CalibrationFile {
        var outputs: [OutputCalibration] = []
        var events = 0
        for entry in model.uncertainty {
            let truth = try data.array(entry.truth).doubles
            guard truth.count == raw.rows else {
                throw Complaint(
                    "\(data.path)[\(entry.truth)]: found \(truth.count) values for \(raw.rows) events"
                )
            }
            let bins = try MondrianBins(edges: entry.binEdges)
            let values = try binValues(entry)
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
        let scores = raw[entry.output].map(Double.init)
        switch entry.method {
        case "venn-abers":
            return try binary(entry, truth, scores, bins, values)
        case "p-value":
            let normal = entry.classes[0]
            let chosen = rows { normal.labels.contains(truth[$0]) && scores[$0].isFinite }
            try requireRows(chosen.count, "events labelled \(normal.labels)")
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
        let isNormal = try normalRows()
        let (lower, upper, sigma) = (raw[entry.lower], raw[entry.upper], raw[entry.sigma])
        var samples: [SplitConformal.Sample] = []
        for row in 0..<raw.rows where isNormal[row] && truth[row].isFinite && scores[row].isFinite {
            samples.append(
                SplitConformal.Sample(
                    truth: truth[row],
                    value: scores[row],
                    lower: lower.isEmpty ? .nan : Double(lower[row]),
                    upper: upper.isEmpty ? .nan : Double(upper[row]),
                    sigma: sigma.isEmpty ? .nan : Double(sigma[row]),
                    binValue: values[row]
                )
            )
        }
        try requireRows(samples.count, "events with a finite truth")
        let fitted = try SplitConformal.fit(method, bins: bins, samples: samples)
        return ([.interval(fitted.roundedUpToSinglePrecision())], samples.count)
    }

    /// Rows of normal events where the data say so by a column `kind` (0 and 1 are normal).
    private func normalRows() throws -> [Bool] {
        guard let kind = data["kind"] else { return Array(repeating: true, count: raw.rows) }
        return kind.doubles.map { $0 <= 1 }
    }

    private func rows(_ isChosen: (Int) -> Bool) -> [Int] { (0..<raw.rows).filter(isChosen) }

    private func requireRows(_ count: Int, _ what: String) throws {
        guard count > 0 else { throw Complaint("\(data.path) holds no \(what)") }
    }

    private func binValues(_ entry: UncertaintyDescription) throws -> [Double] {
        switch entry.binSource {
        case "output": return raw[entry.binName].map(Double.init)
        case "request": return try data.array(entry.binName).doubles
        case "input":
            if let column = data[entry.binFeature] { return column.doubles }
            let array = try data.array(entry.binName)
            guard let input = model.inputs.first(where: { $0.signature.name == entry.binName }),
                let component = input.features.firstIndex(of: entry.binFeature)
            else {
                throw Complaint(
                    "the bin column \(entry.binName).\(entry.binFeature) is not an input"
                )
            }
            let width = input.features.count
            let values = array.doubles
            return (0..<raw.rows).map { values[$0 * width + component] }
        default: return Array(repeating: 0, count: raw.rows)
        }
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
