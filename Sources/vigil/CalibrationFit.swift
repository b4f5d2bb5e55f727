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
    private typealias Fitted = ([OutputCalibration.Kind], CalibrationSamples.Kind, Int)

    /// Events of a class of a binary score, of which one can be held out.
    private static let fewestOfClass = 2
    /// Events of a region, of which half can be held out, one to shape it and one to prove it.
    private static let fewestInRegion = 4

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

    /// Ellipses for two outputs together, in the bins of the first.
    private func region(
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

    private func binary(
        _ entry: UncertaintyDescription,
        _ truth: [Double],
        _ scores: [Double],
        _ bins: MondrianGrid,
        _ columns: [[Double]]
    ) throws -> Fitted {
        let (zero, one) = (entry.classes[0], entry.classes[1])
        let chosen = rows { row in
            (zero.labels + one.labels).contains(truth[row]) && scores[row].isFinite
        }
        try requireClasses(entry, truth, chosen, fewest: Self.fewestOfClass)
        try requireBins(entry, chosen, columns)
        let (sample, labels) = (
            chosen.map { scores[$0] }, chosen.map { one.labels.contains(truth[$0]) }
        )
        let vennAbers = try VennAbers.fit(scores: sample, labels: labels)
        let curves = try HeldOutCurve.all(scores: sample, labels: labels)
        let method = Self.method(entry, curves)
        let curve =
            method == .vennAbers
            ? [] : [try BinaryCurve.fit(method, scores: sample, labels: labels)]
        // Stranger for class 0 is a higher score, for class 1 a lower one.
        let strange = [scores, scores.map { -$0 }]
        let classes = try entry.classes.enumerated().map { index, one in
            let members = chosen.filter { one.labels.contains(truth[$0]) }
            return try pValues(one.name, members, strange[index], bins, columns)
        }
        return (
            [.vennAbers(vennAbers)] + curve.map { .curve($0) } + [.pValues(classes.map(\.1))],
            .binary(
                CalibrationSamples.Binary(
                    scores: sample,
                    labels: labels,
                    curves: curves,
                    method: method
                ),
                classes.map(\.0)
            ),
            chosen.count
        )
    }

    private func pValues(
        _ name: String,
        _ chosen: [Int],
        _ scores: [Double],
        _ bins: MondrianGrid,
        _ columns: [[Double]]
    ) throws -> (CalibrationSamples.PValues, ClassPValues) {
        let sample = CalibrationSamples.PValues(
            scores: chosen.map { scores[$0] },
            binColumns: columns.map { column in chosen.map { column[$0] } }
        )
        let table = try ConformalPValues.fit(
            scores: sample.scores,
            bins: bins,
            binColumns: sample.binColumns
        )
        return (sample, ClassPValues(name: name, table: table))
    }

    /// The manifest's method, or the one with the least log loss where it leaves the choice.
    private static func method(
        _ entry: UncertaintyDescription,
        _ curves: [HeldOutCurve]
    ) -> BinaryCurve.Method {
        if let method = BinaryCurve.Method(rawValue: entry.method) { return method }
        Output.note(
            "\(entry.output): log loss on folds held out, in nats: "
                + curves.map { "\($0.method.rawValue) \(Output.fixed($0.logLoss, 5))" }
                .joined(separator: ", ")
        )
        return curves[0].method
    }

    private func interval(
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

    private func rows(_ isChosen: (Int) -> Bool) -> [Int] { (0..<raw.rows).filter(isChosen) }

    private func requireClasses(
        _ entry: UncertaintyDescription,
        _ truth: [Double],
        _ chosen: [Int],
        fewest: Int
    ) throws {
        for one in entry.classes {
            let events = chosen.count { one.labels.contains(truth[$0]) }
            guard events > 0 else {
                throw Complaint("\(path)[\(entry.truth)]: no event of \(one.words)")
            }
            guard events >= fewest else {
                throw Complaint(
                    "\(path)[\(entry.truth)]: found \(events) event of \(one.words), allowed are at least \(fewest), so that one can be held out"
                )
            }
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
