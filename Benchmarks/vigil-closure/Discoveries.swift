import Calibration

/// Anomalies found among many normal events at a false discovery rate, over repeated draws.
struct Discoveries: Encodable {
    let model: String
    let anomaly: String
    let rate: Double
    let draws: Int
    let calibrationEvents: Int
    let events: Int
    let anomalies: Int
    /// Mean share of the discoveries that are false, and its standard error.
    let falseShare: Double
    let falseShareError: Double
    /// Mean share of the anomalies that are discovered, and its standard error.
    let power: Double
    let powerError: Double

    private static let rates = [0.05, 0.1, 0.2]
    private static let calibrating = 40_000
    private static let normal = 9_900
    private static let strange = 100

    static func measured(
        _ data: ScoredEvents,
        _ draws: Int,
        _ lots: inout Lots
    ) throws -> [Discoveries] {
        let searches = [
            (
                "pattern-autoencoder", "autoencoder", MondrianGrid.whole, 4,
                "unresolved double scatter"
            ),
            ("pattern-autoencoder", "autoencoder", .whole, 5, "hot PMT"),
            ("kinematic-neighbours", "neighbours", data.pulseBins, 2, "wall leakage"),
            ("kinematic-neighbours", "neighbours", data.pulseBins, 3, "accidental coincidence"),
        ]
        return try searches.flatMap { model, score, bins, kind, anomaly in
            let scores = try data.column(score)
            let pulse = try data.column("s1c")
            var normals = try data.rows(kinds: 0...1)
            var anomalies = try data.rows(kinds: kind...kind)
            var falseShares = rates.map { _ in [Double]() }
            var powers = falseShares
            for _ in 0..<draws {
                normals.shuffle(using: &lots)
                anomalies.shuffle(using: &lots)
                let fitted = Array(normals.prefix(calibrating))
                let table = try ConformalPValues.fit(
                    scores: scores.at(fitted),
                    bins: bins,
                    binColumns: bins.axes.map { _ in pulse.at(fitted) }
                )
                let tested =
                    normals[calibrating..<calibrating + normal] + anomalies.prefix(strange)
                let pValues = tested.map { row in
                    let bin = bins.index(of: bins.axes.map { _ in pulse[row] })
                    return bin.map { table.pValue(scores[row], bin: $0) } ?? .nan
                }
                for (place, rate) in rates.enumerated() {
                    let found = BenjaminiHochberg.rejected(pValues: pValues, q: rate)
                    let wrong = found.prefix(normal).count { $0 }
                    let right = found.suffix(strange).count { $0 }
                    falseShares[place].append(Double(wrong) / Double(max(1, wrong + right)))
                    powers[place].append(Double(right) / Double(strange))
                }
            }
            return rates.indices.map { place in
                Discoveries(
                    model: model,
                    anomaly: anomaly,
                    rate: rates[place],
                    draws: draws,
                    calibrationEvents: calibrating,
                    events: normal + strange,
                    anomalies: strange,
                    falseShare: falseShares[place].mean,
                    falseShareError: falseShares[place].deviation / Double(draws).squareRoot(),
                    power: powers[place].mean,
                    powerError: powers[place].deviation / Double(draws).squareRoot()
                )
            }
        }
    }
}
