internal import Calibration
internal import Monitoring

/// The calibration scores that truths of one output, or of one class of it, are held against.
struct LiveTable {
    private enum Scores {
        case interval(SplitConformal)
        case weighted(WeightedConformal)
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
        if let weighted = calibration.weighted {
            return [
                LiveTable(calibration.output, weighted.conformal, .weighted(weighted))
            ]
        }
        if let interval = calibration.interval {
            return [LiveTable(calibration.output, interval, .interval(interval))]
        }
        return calibration.pValues.map { one in
            LiveTable("\(calibration.output)/\(one.name)", one.table)
        }
    }

    private init(_ name: String, _ interval: SplitConformal, _ scores: Scores) {
        self.name = name
        bins = interval.bins
        events = interval.eventsPerBin
        adapted = interval.adapted
        self.scores = scores
    }

    private init(_ name: String, _ table: ConformalPValues) {
        self.name = name
        bins = table.bins
        events = table.eventsPerBin
        adapted = table.adapted
        scores = .ofClass(table)
    }

    /// Coverage of answers at a coverage, without truths.
    ///
    /// Where events weigh, no law is exact: what holds roughly, as far as the weights are right, is that
    /// coverage is no lower than with as many events of one weight as say as much.
    func running(coverage: Double) -> RunningCoverage {
        switch scores {
        case .interval(let interval):
            return RunningCoverage(
                coverage: coverage,
                calibrationEvents: events,
                law: interval.method == .cqrAsymmetric ? .twoEnds : .exact
            )
        case .weighted(let weighted):
            let effective = events.indices.map {
                Int(weighted.effectiveEvents(bin: $0, coverage: coverage))
            }
            return RunningCoverage(
                coverage: coverage,
                calibrationEvents: effective,
                law: .atLeast
            )
        case .ofClass:
            return RunningCoverage(coverage: coverage, calibrationEvents: events)
        }
    }

    /// The largest scores that count as covered in a bin by answers at a coverage.
    func limit(bin: Int, coverage: Double) -> ConformalQuantile {
        limit(bin: bin, level: adapted?.bins[bin].coverage ?? coverage)
    }

    /// The same at a level from 0 to 1; where events weigh, that of one without weight.
    func limit(bin: Int, level: Double) -> ConformalQuantile {
        switch scores {
        case .interval(let interval): return interval.quantile(bin: bin, level: level)
        case .weighted(let weighted):
            return weighted.quantile(bin: bin, coverage: level, weight: 0)
        case .ofClass(let table):
            let score = table.largestScore(bin: bin, level: level)
            return ConformalQuantile(below: score, above: score)
        }
    }
}
