import Messages
import Tensors

/// How far the scores of two versions are apart.
struct ScoreShift: Encodable {
    let output: String
    let unit: String
    /// Root mean square of the differences.
    @JSONNumber var rms: Double
    /// What 99.9 % of the differences do not exceed.
    @JSONNumber var p999: Double
    /// Standard deviation of the scores of float32: what the differences are to be seen beside.
    @JSONNumber var spread: Double

    /// Share of the differences that `p999` is above.
    private static let high = 0.999

    /// Every raw output of numbers, where both versions have them.
    static func measure(
        _ model: ModelDescription,
        _ before: Scoring.Outcome,
        _ after: Scoring.Outcome
    ) -> [ScoreShift] {
        model.outputs.filter { $0.signature.type.isFloating }.compactMap { output in
            let name = output.signature.name
            let pairs = zip(before[name], after[name]).filter { $0.isFinite && $1.isFinite }
            guard !pairs.isEmpty else { return nil }
            let differences = pairs.map { abs(Double($0) - Double($1)) }
            let mean = pairs.reduce(0) { $0 + Double($1.0) } / Double(pairs.count)
            let variance = pairs.reduce(0) { sum, pair in
                sum + (Double(pair.0) - mean) * (Double(pair.0) - mean)
            }
            let squares = differences.reduce(0) { $0 + $1 * $1 }
            let rank = Int((high * Double(pairs.count)).rounded(.up)) - 1
            return ScoreShift(
                output: name,
                unit: output.unit,
                rms: (squares / Double(pairs.count)).squareRoot(),
                p999: differences.sorted()[max(rank, 0)],
                spread: (variance / Double(pairs.count)).squareRoot()
            )
        }
    }

    /// The worst of those that answers are made of, or of all; 0 where there are none.
    static func worst(_ shifts: [ScoreShift], _ model: ModelDescription) -> Double {
        let answered = shifts.filter { shift in
            model.uncertainty.contains { $0.output == shift.output }
        }
        return (answered.isEmpty ? shifts : answered)
            .map { $0.spread > 0 ? $0.rms / $0.spread : $0.rms }.max() ?? 0
    }
}
