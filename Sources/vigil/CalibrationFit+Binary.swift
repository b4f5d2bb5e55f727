import Calibration
import Messages

extension CalibrationFit {
    /// Events of a class of a binary score, of which one can be held out.
    private static let fewestOfClass = 2

    func binary(
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

    func pValues(
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
}
