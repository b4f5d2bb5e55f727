import Calibration
import Messages

/// How often the ellipses of two outputs hold the truth, bin by bin and coverage by coverage.
struct RegionCoverage {
    private let model: ModelDescription
    private let region: RegionDescription
    private let entries: [UncertaintyDescription]
    private let grid: MondrianGrid

    init(_ region: RegionDescription, _ model: ModelDescription) throws {
        self.model = model
        self.region = region
        entries = region.outputs.compactMap { name in
            model.uncertainty.first { $0.output == name }
        }
        guard entries.count == 2 else {
            throw Complaint("\(model.name): a region of outputs without intervals")
        }
        grid = try entries[0].grid()
    }

    /// Cells of the table.
    var cells: Int { grid.count * region.coverages.count }

    /// The cells that labelled events show, of `tableCells` in all regions.
    func measure(
        _ outcome: Scoring.Outcome,
        _ source: EventSource,
        _ isNormal: [Bool],
        tableCells: Int
    ) throws -> [Cell] {
        let name = region.outputs.joined(separator: ",")
        let column = Scoring.name(of: region.outputs)
        let parts = ["major", "minor", "angle"].map { outcome["\(column)_\($0)"] }
        guard parts.allSatisfy({ $0.count == outcome.rows * region.coverages.count }) else {
            throw Complaint("the daemon's answer for \(model.name) holds no ellipses of \(name)")
        }
        let truths = try entries.map { try source.column($0.truth) }
        let values = try entries.map { try outcome.column($0.output) }
        let columns = try source.binColumns(entries[0], outcome)
        var shares = BinnedShares(
            law: .coverage,
            levels: region.coverages,
            calibrationEvents: model.calibrationEvents(name, bins: grid)
        )
        for row in 0..<outcome.rows where isNormal[row] {
            let x = truths[0][row] - values[0][row]
            let y = truths[1][row] - values[1][row]
            let first = row * region.coverages.count
            guard !(x + y).isNaN, !parts[0][first].isNaN,
                let bin = grid.index(of: columns.map { $0[row] })
            else { continue }
            shares.add(bin: bin) { level in
                ConformalEllipses.Ellipse(
                    major: Double(parts[0][first + level]),
                    minor: Double(parts[1][first + level]),
                    angle: Double(parts[2][first + level])
                ).contains(x, y)
            }
        }
        return shares.cells(model: model.name, output: name, bins: grid, tableCells: tableCells)
    }
}
