import Calibration
import Messages

/// How often the sets of classes hold the true one, class by class and bin by bin.
struct SetCoverage {
    private let model: ModelDescription
    private let entry: UncertaintyDescription
    private let grid: MondrianGrid

    init(_ model: ModelDescription) throws {
        self.model = model
        entry = model.uncertainty[0]
        grid = try entry.grid()
    }

    /// Cells of one coverage.
    var cells: Int { grid.count * entry.classes.count }

    /// The cells that labelled events show at the outcome's coverage, of `tableCells` in all.
    func measure(
        _ outcome: Scoring.Outcome,
        _ source: EventSource,
        coverage: Double,
        tableCells: Int
    ) throws -> [Cell] {
        let truth = try source.column(entry.truth)
        let columns = try source.binColumns(entry, outcome)
        let flags = outcome["\(entry.output)_flags"]
        let sets = outcome["\(entry.output)_set"]
        let classes = entry.classes
        guard sets.count == outcome.rows * classes.count else {
            throw Complaint("the daemon's answer for \(model.name) holds no sets")
        }
        let names = classes.map { "\(entry.output)/\($0.name)" }
        var shares = names.map { name in
            BinnedShares(
                law: .coverage,
                levels: [coverage],
                calibrationEvents: model.calibrationEvents(name, bins: grid)
            )
        }
        for row in 0..<outcome.rows {
            let isValueless = !flags.isEmpty && UInt8(flags[row]) & EventFlag.nonfinite != 0
            guard !isValueless,
                let label = classes.firstIndex(where: { $0.labels.contains(truth[row]) }),
                let bin = grid.index(of: columns.map { $0[row] })
            else { continue }
            shares[label].add(bin: bin) { _ in sets[row * classes.count + label] == 1 }
        }
        return zip(names, shares).flatMap { name, shares in
            shares.cells(model: model.name, output: name, bins: grid, tableCells: tableCells)
        }
    }
}
