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

    /// The cells that labelled events show at the outcome's coverage; `level` is that of each one's
    /// band.
    func measure(
        _ outcome: Scoring.Outcome,
        _ source: EventSource,
        coverage: Double,
        level: Double
    ) throws -> [EvaluationResult.Cell] {
        let truth = try source.column(entry.truth)
        let columns = try source.binColumns(entry, outcome)
        let flags = outcome["\(entry.output)_flags"]
        let sets = outcome["\(entry.output)_set"]
        let classes = entry.classes
        guard sets.count == outcome.rows * classes.count else {
            throw Complaint("the daemon's answer for \(model.name) holds no sets")
        }
        var events = [[Int]](
            repeating: Array(repeating: 0, count: grid.count),
            count: classes.count
        )
        var held = events
        for row in 0..<outcome.rows {
            let isValueless = !flags.isEmpty && UInt8(flags[row]) & EventFlag.nonfinite != 0
            guard !isValueless,
                let label = classes.firstIndex(where: { $0.labels.contains(truth[row]) }),
                let bin = grid.index(of: columns.map { $0[row] })
            else { continue }
            events[label][bin] += 1
            if sets[row * classes.count + label] == 1 { held[label][bin] += 1 }
        }
        return classes.indices.flatMap { label in
            let name = "\(entry.output)/\(classes[label].name)"
            let calibration = model.bins.first { $0.output == name }?.events ?? []
            return (0..<grid.count).map { bin in
                let count = events[label][bin]
                let band = CoverageLaw.band(
                    calibrationEvents: bin < calibration.count ? Int(calibration[bin]) : 0,
                    testEvents: count,
                    coverage: coverage,
                    level: level
                )
                return EvaluationResult.Cell(
                    model: model.name,
                    output: name,
                    bin: grid.label(bin),
                    nominal: coverage,
                    measured: count == 0 ? .nan : Double(held[label][bin]) / Double(count),
                    low: band.low,
                    high: band.high,
                    events: count
                )
            }
        }
    }
}
