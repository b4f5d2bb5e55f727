internal import Calibration

/// The calibration scores that truths of one output, or of one class of it, are held against.
struct LiveTable {
    private enum Scores {
        case interval(SplitConformal)
        case ofClass(ConformalPValues)
    }

    /// The output, and the class where it has some, as replies quote its bins.
    let name: String
    let bins: MondrianGrid
    /// Calibration events of each bin.
    let events: [Int]
    /// What adaptation asked of the bins, or nil.
    let adapted: AdaptedLevels?
    private let scores: Scores

    /// That of an interval, or one for each class.
    static func all(_ calibration: OutputCalibration) -> [LiveTable] {
        if let interval = calibration.interval {
            return [LiveTable(calibration.output, interval)]
        }
        return calibration.pValues.map { one in
            LiveTable("\(calibration.output)/\(one.name)", one.table)
        }
    }

    private init(_ name: String, _ interval: SplitConformal) {
        self.name = name
        bins = interval.bins
        events = interval.eventsPerBin
        adapted = interval.adapted
        scores = .interval(interval)
    }

    private init(_ name: String, _ table: ConformalPValues) {
        self.name = name
        bins = table.bins
        events = table.eventsPerBin
        adapted = table.adapted
        scores = .ofClass(table)
    }

    /// The largest scores that count as covered in a bin by answers at a coverage.
    func limit(bin: Int, coverage: Double) -> ConformalQuantile {
        limit(bin: bin, level: adapted?.bins[bin].coverage ?? coverage)
    }

    /// The same at a level from 0 to 1.
    func limit(bin: Int, level: Double) -> ConformalQuantile {
        switch scores {
        case .interval(let interval): return interval.quantile(bin: bin, level: level)
        case .ofClass(let table):
            let score = table.largestScore(bin: bin, level: level)
            return ConformalQuantile(below: score, above: score)
        }
    }
}
