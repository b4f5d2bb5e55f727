import Calibration
import Messages
import Tensors

/// How well raw scores do their task on labelled events.
struct TaskQuality: Encodable {
    let output: String
    /// "auc", "rms" of score and truth, or "accuracy".
    let measure: String
    let unit: String
    @JSONNumber var float32: Double
    @JSONNumber var int8: Double

    /// Every answer of a model by what both versions say.
    static func measure(
        _ model: ModelDescription,
        _ source: EventSource,
        float32: Scoring.Outcome,
        int8: Scoring.Outcome
    ) throws -> [TaskQuality] {
        try model.uncertainty.compactMap { entry in
            let truth = try source.column(entry.truth)
            guard let before = try value(entry, truth, float32),
                let after = try value(entry, truth, int8)
            else { return nil }
            let isRegression = model.task == "regression"
            return TaskQuality(
                output: entry.output,
                measure: isRegression ? "rms" : entry.isSet ? "accuracy" : "auc",
                unit: isRegression
                    ? model.outputs.first { $0.signature.name == entry.output }?.unit ?? "1" : "1",
                float32: before,
                int8: after
            )
        }
    }

    private static func value(
        _ entry: UncertaintyDescription,
        _ truth: [Double],
        _ raw: Scoring.Outcome
    ) throws -> Double? {
        if entry.isSet { return try accuracy(entry, truth, raw) }
        let scores = try raw.prediction(entry).values
        guard !entry.classes.isEmpty else { return rms(scores, truth) }
        return try auc(entry, truth, scores)
    }

    private static func rms(_ scores: [Double], _ truth: [Double]) -> Double? {
        let squares = zip(scores, truth).map { ($0 - $1) * ($0 - $1) }.filter(\.isFinite)
        guard !squares.isEmpty else { return nil }
        return (squares.reduce(0, +) / Double(squares.count)).squareRoot()
    }

    /// Of the second class against the first, or of all other events against normal ones.
    private static func auc(
        _ entry: UncertaintyDescription,
        _ truth: [Double],
        _ scores: [Double]
    ) throws -> Double? {
        var chosen: [Double] = []
        var labels: [Bool] = []
        for (score, value) in zip(scores, truth) where score.isFinite {
            let place = entry.classes.firstIndex { $0.labels.contains(value) }
            guard place != nil || entry.classes.count == 1 else { continue }
            chosen.append(score)
            labels.append(place != 0)
        }
        guard labels.contains(true), labels.contains(false) else { return nil }
        return try RankStatistics.auc(scores: chosen, labels: labels)
    }

    private static func accuracy(
        _ entry: UncertaintyDescription,
        _ truth: [Double],
        _ raw: Scoring.Outcome
    ) throws -> Double? {
        let fit = try SetFit(entry, truth: truth, raw: raw)
        let count = entry.classes.count
        var (right, all) = (0, 0)
        for (row, label) in fit.labels.enumerated() {
            guard let label else { continue }
            let own = fit.probabilities[row * count..<(row + 1) * count]
            guard let most = own.max() else { continue }
            all += 1
            right += own[own.startIndex + label] == most ? 1 : 0
        }
        return all == 0 ? nil : Double(right) / Double(all)
    }
}
