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

    /// The calibration file.
    func file(date: String, dataDigest: String) throws -> CalibrationFile {
        var outputs: [OutputCalibration] = []
        var events = 0
        for entry in model.uncertainty {
            let truth = try source.column(entry.truth)
            let columns = try source.binColumns(entry, raw)
            let (kinds, used) =
                entry.isSet
                ? try sets(entry, truth, columns, dataDigest)
                : try kinds(entry, truth, try entry.grid(), columns)
            events = max(events, used)
            outputs.append(
                try OutputCalibration(
                    output: entry.output,
                    binColumns: try entry.bins.map(column),
                    kinds: kinds
                )
            )
        }
        let regions = try model.regions.map(region)
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
            outputs: outputs,
            regions: regions
        )
    }

    /// Ellipses for two outputs together, in the bins of the first.
    private func region(_ description: RegionDescription) throws -> RegionCalibration {
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
        guard !chosen.isEmpty else {
            throw Complaint("\(path)[\(entries[0].truth)]: no events with finite truths")
        }
        try requireBins(entries[0], chosen, columns)
        return try RegionCalibration(
            outputs: description.outputs,
            binColumns: entries[0].bins.map(column),
            ellipses: try ConformalEllipses.fit(
                bins: try entries[0].grid(),
                samples: chosen.map { row in
                    ConformalEllipses.Sample(
                        truth: (truths[0][row], truths[1][row]),
                        value: (values[0][row], values[1][row]),
                        scale: (scales[0].value(row), scales[1].value(row))
                    )
                },
                binColumns: columns.map { column in chosen.map { column[$0] } }
            ).roundedUpToSinglePrecision()
        )
    }

    /// Sets of classes; what events draw is a function of the data's digest and their rows, so that the
    /// same data give the same file.
    private func sets(
        _ entry: UncertaintyDescription,
        _ truth: [Double],
        _ columns: [[Double]],
        _ dataDigest: String
    ) throws -> ([OutputCalibration.Kind], Int) {
        let fit = try SetFit(entry, truth: truth, raw: raw)
        let chosen = rows { fit.labels[$0] != nil }
        try requireClasses(entry, truth, chosen)
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
    ) throws -> ([OutputCalibration.Kind], Int) {
        let scores = try raw.prediction(entry).values
        switch entry.method {
        case _ where entry.isBinary:
            return try binary(entry, truth, scores, bins, columns)
        case "p-value":
            let normal = entry.classes[0]
            let chosen = rows { normal.labels.contains(truth[$0]) && scores[$0].isFinite }
            try requireClasses(entry, truth, chosen)
            try requireBins(entry, chosen, columns)
            let table = try ConformalPValues.fit(
                scores: chosen.map { scores[$0] },
                bins: bins,
                binColumns: columns.map { column in chosen.map { column[$0] } }
            )
            return ([.pValues([ClassPValues(name: normal.name, table: table)])], chosen.count)
        default:
            return try interval(entry, truth, scores, bins, columns)
        }
    }

    private func binary(
        _ entry: UncertaintyDescription,
        _ truth: [Double],
        _ scores: [Double],
        _ bins: MondrianGrid,
        _ columns: [[Double]]
    ) throws -> ([OutputCalibration.Kind], Int) {
        let (zero, one) = (entry.classes[0], entry.classes[1])
        let chosen = rows { row in
            (zero.labels + one.labels).contains(truth[row]) && scores[row].isFinite
        }
        try requireClasses(entry, truth, chosen)
        try requireBins(entry, chosen, columns)
        let (sample, labels) = (
            chosen.map { scores[$0] }, chosen.map { one.labels.contains(truth[$0]) }
        )
        let vennAbers = try VennAbers.fit(scores: sample, labels: labels)
        let method = try Self.method(entry, sample, labels)
        let curve =
            method == .vennAbers
            ? [] : [try BinaryCurve.fit(method, scores: sample, labels: labels)]
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
                        bins: bins,
                        binColumns: columns.map { column in members.map { column[$0] } }
                    )
                )
            )
        }
        return (
            [.vennAbers(vennAbers)] + curve.map { .curve($0) } + [.pValues(tables)], chosen.count
        )
    }

    /// The manifest's method, or the one with the least log loss where it leaves the choice.
    private static func method(
        _ entry: UncertaintyDescription,
        _ scores: [Double],
        _ labels: [Bool]
    ) throws -> BinaryCurve.Method {
        if let method = BinaryCurve.Method(rawValue: entry.method) { return method }
        let losses = try BinaryCurve.heldOutLosses(scores: scores, labels: labels)
        Output.note(
            "\(entry.output): log loss on folds held out, in nats: "
                + losses.map { "\($0.method.rawValue) \(Output.fixed($0.logLoss, 5))" }
                .joined(separator: ", ")
        )
        return losses[0].method
    }

    private func interval(
        _ entry: UncertaintyDescription,
        _ truth: [Double],
        _ scores: [Double],
        _ bins: MondrianGrid,
        _ columns: [[Double]]
    ) throws -> ([OutputCalibration.Kind], Int) {
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
        let chosenColumns = columns.map { column in chosen.map { column[$0] } }
        if let axis = entry.weight {
            let (weight, weights) = try self.weight(axis, chosen)
            let fitted = try WeightedConformal.fit(
                method,
                side: side,
                bins: bins,
                samples: samples,
                binColumns: chosenColumns,
                weight: weight,
                weights: weights
            )
            return ([.weightedInterval(try fitted.roundedUpToSinglePrecision())], samples.count)
        }
        let fitted = try SplitConformal.fit(
            method,
            side: side,
            bins: bins,
            samples: samples,
            binColumns: chosenColumns
        )
        return ([.interval(fitted.roundedUpToSinglePrecision())], samples.count)
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
        _ columns: [[Double]]
    ) throws {
        for (axis, column) in zip(entry.bins, columns) {
            guard let row = chosen.first(where: { column[$0].isNaN }) else { continue }
            throw Complaint(
                axis.source == "output"
                    ? "\(path): the output \(axis.label), which the bins cut, is nan in row \(row)"
                    : "\(path)[\(axis.label)]: found nan in row \(row), allowed are numbers"
            )
        }
    }

    private func column(_ axis: BinAxis) throws -> BinColumn {
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

extension UncertaintyDescription {
    /// Whether the output is a binary score.
    var isBinary: Bool { method == "best" || BinaryCurve.Method(rawValue: method) != nil }

    /// Whether the output has sets of classes.
    var isSet: Bool { score != nil }

    /// How its sets of classes are made, or nil where it has none.
    var score: ClassScore? {
        ClassScore(method: method, penalty: penalty ?? 0, freeRanks: freeRanks)
    }

    /// The method of its intervals, or nil where it has none.
    var conformalMethod: ConformalMethod? {
        method == "ensemble" ? .normalised : ConformalMethod(rawValue: method)
    }

    /// The bins of its calibration.
    func grid() throws -> MondrianGrid {
        try MondrianGrid(axes: bins.map { try MondrianBins(edges: $0.edges) })
    }
}

extension BinAxis {
    /// The column as its users name it.
    var label: String { feature.isEmpty ? name : feature }
}

extension ClassDescription {
    /// The class with its labels, as "class nr (label 1)".
    var words: String {
        let texts = labels.map { Output.shortest($0) }.joined(separator: ", ")
        return "class \(name) (\(labels.count == 1 ? "label" : "labels") \(texts))"
    }
}
