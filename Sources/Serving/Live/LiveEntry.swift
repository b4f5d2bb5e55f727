internal import Calibration
internal import Catalog

/// One output of a model whose truths are taken: how observation and truth become a score, and where its
/// coverage stands.
struct LiveEntry {
    /// A conformity score with its place.
    struct Scored: Equatable, Sendable {
        /// Class, or 0 for an interval.
        let table: Int
        let cell: Int
        /// Scores of both ends, the same twice where there is one.
        let score: ConformalQuantile
        /// The output's own score; of a regression output its prediction.
        let value: Double

        /// Whether an answer of these limits held the truth.
        func isCovered(_ limit: ConformalQuantile) -> Bool {
            score.below <= limit.below && score.above <= limit.above
        }
    }

    let uncertainty: Manifest.Uncertainty
    let calibration: OutputCalibration

    /// Tables: one for an interval, one for each class.
    var tables: Int { calibration.interval == nil ? calibration.pValues.count : 1 }

    /// Name of a table, as replies quote its bins.
    func name(table: Int) -> String {
        calibration.interval == nil
            ? "\(uncertainty.output)/\(uncertainty.classes[table].name)" : uncertainty.output
    }

    /// Bins of every table.
    var bins: MondrianGrid {
        calibration.interval?.bins ?? calibration.pValues[0].table.bins
    }

    /// Calibration events of a table's bins.
    func events(table: Int) -> [Int] {
        calibration.interval?.eventsPerBin ?? calibration.pValues[table].table.eventsPerBin
    }

    /// The largest scores that count as covered at a coverage, table by table and bin by bin.
    func limits(coverage: Double) -> [[ConformalQuantile]] {
        (0..<tables).map { table in
            (0..<bins.count).map { bin in
                if let interval = calibration.interval {
                    return interval.quantile(bin: bin, coverage: coverage)
                }
                let score = calibration.pValues[table].table.largestScore(
                    bin: bin,
                    coverage: coverage
                )
                return ConformalQuantile(below: score, above: score)
            }
        }
    }

    /// What a truth makes of an observation, or what is wrong with the truth.
    func scored(_ observed: Observation, truth: Double) -> Result<Scored, Wrong> {
        let cell = Int(observed.cell)
        let value = Double(observed.value)
        let table: Int
        let score: ConformalQuantile
        if let interval = calibration.interval {
            guard truth.isFinite else {
                return .failure(Wrong("found \(truth), allowed are finite numbers"))
            }
            table = 0
            score = interval.scores(
                of: .init(
                    truth: truth,
                    value: value,
                    lower: Double(observed.lower),
                    upper: Double(observed.upper),
                    sigma: Double(observed.sigma)
                )
            )
        } else {
            guard
                let label = uncertainty.classes.firstIndex(where: { $0.labels.contains(truth) })
            else {
                let allowed = uncertainty.classes.flatMap(\.labels).map { "\($0)" }
                return .failure(
                    Wrong("found \(truth), allowed are \(allowed.joined(separator: ", "))")
                )
            }
            table = label
            // As calibrated: stranger for class 0 is a higher score, for class 1 a lower one.
            let strange = label == 0 ? value : -value
            score = ConformalQuantile(below: strange, above: strange)
        }
        guard cell >= 0 else { return .failure(Wrong("the event has no calibration bin")) }
        guard events(table: table)[cell] > 0 else {
            return .failure(
                Wrong(
                    "the event lies in the bin \(bins.label(cell)) of \(name(table: table)), in which none was calibrated"
                )
            )
        }
        guard score.below.isFinite, score.above.isFinite else {
            return .failure(Wrong("the event was answered without a finite value"))
        }
        return .success(Scored(table: table, cell: cell, score: score, value: value))
    }

    /// Why a truth cannot be taken.
    struct Wrong: Error {
        let reason: String
        init(_ reason: String) { self.reason = reason }
    }
}
