import Calibration

/// A share measured in one bin of one output, beside the band in which it must lie.
struct Cell: Encodable {
    let model: String
    let output: String
    /// Prior of a probability.
    var prior: Double?
    let bin: String
    /// Coverage, p-value or mean probability that the share is to be.
    @JSONNumber var nominal: Double
    @JSONNumber var measured: Double
    @JSONNumber var low: Double
    @JSONNumber var high: Double
    /// Events that were tested.
    let events: Int
    /// Events that calibrated, where the band counts with their number as it is.
    var calibration_events: Int?

    /// A right calibration leaves the bands of a table, all its cells together, once in a hundred.
    static let simultaneousLevel = 0.01

    var isInside: Bool { events == 0 || (low <= measured && measured <= high) }

    /// The title of a table of cells, and how many are inside.
    static func title(_ what: String, _ cells: [Cell]) -> String {
        "\(what): \(cells.count { $0.isInside }) of \(cells.count) inside their bands"
    }
}

extension BinnedShares {
    /// The cells of one table, level by level; `tableCells` counts them in all outputs.
    func cells(model: String, output: String, bins: MondrianGrid, tableCells: Int) -> [Cell] {
        levels.indices.flatMap { level in
            (0..<bins.count).map { bin in
                let band = band(
                    level: level,
                    bin: bin,
                    confidence: 1 - Cell.simultaneousLevel / Double(tableCells)
                )
                return Cell(
                    model: model,
                    output: output,
                    bin: bins.label(bin),
                    nominal: levels[level],
                    measured: share(level: level, bin: bin),
                    low: band.low,
                    high: band.high,
                    events: events[bin],
                    calibration_events: calibrationEvents[bin]
                )
            }
        }
    }
}
