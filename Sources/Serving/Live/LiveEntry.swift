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

        /// Largest score that the event's own answer held; NaN where that of its bin did.
        let limit: Double

        /// Whether the answer held the truth, in a bin of these limits.
        func isCovered(_ bin: ConformalQuantile) -> Bool {
            let limit = limit.isNaN ? bin : ConformalQuantile(below: limit, above: limit)
            return score.below <= limit.below && score.above <= limit.above
        }
    }

    let uncertainty: Manifest.Uncertainty
    let calibration: OutputCalibration
    /// One for an interval, one for each class.
    let tables: [LiveTable]
    /// Its observations among those of an event.
    let places: Range<Int>

    /// Those of a manifest whose outputs a file calibrates; nil where it leaves one out.
    static func all(_ manifest: Manifest, _ file: CalibrationFile) -> [LiveEntry]? {
        var first = 0
        var entries: [LiveEntry] = []
        for uncertainty in manifest.uncertainty {
            let output = file.outputs.first { $0.output == uncertainty.output }
            guard let output else { return nil }
            entries.append(LiveEntry(uncertainty: uncertainty, calibration: output, first: first))
            first += uncertainty.observations
        }
        return entries
    }

    /// Observations of an event begin at `first`.
    private init(uncertainty: Manifest.Uncertainty, calibration: OutputCalibration, first: Int) {
        self.uncertainty = uncertainty
        self.calibration = calibration
        tables = LiveTable.all(calibration)
        places = first..<first + uncertainty.observations
    }

    /// The largest scores that count as covered at a coverage, table by table and bin by bin.
    func limits(coverage: Double) -> [[ConformalQuantile]] {
        tables.map { table in
            (0..<table.bins.count).map { table.limit(bin: $0, coverage: coverage) }
        }
    }

    /// What a truth makes of the observations of one event, or what is wrong with the truth.
    func scored(_ observed: ArraySlice<Observation>, truth: Double) -> Result<Scored, Wrong> {
        let first = observed[observed.startIndex + places.lowerBound]
        let found: (table: Int, score: ConformalQuantile)
        if let interval = calibration.interval {
            guard truth.isFinite else {
                return .failure(Wrong("found \(truth), allowed are finite numbers"))
            }
            let score = interval.scores(
                of: .init(
                    truth: truth,
                    value: first.value,
                    lower: Double(first.lower),
                    upper: Double(first.upper),
                    sigma: Double(first.sigma)
                )
            )
            found = (0, score)
        } else {
            guard let label = uncertainty.classes.firstIndex(where: { $0.labels.contains(truth) })
            else {
                let allowed = uncertainty.classes.flatMap(\.labels).map { "\($0)" }
                return .failure(
                    Wrong("found \(truth), allowed are \(allowed.joined(separator: ", "))")
                )
            }
            let strange: Double
            if uncertainty.isSet {
                strange = observed[observed.startIndex + places.lowerBound + label].value
            } else {
                // As calibrated: stranger for class 0 is a higher score, for class 1 a lower one.
                strange = label == 0 ? first.value : -first.value
            }
            found = (label, ConformalQuantile(below: strange, above: strange))
        }
        guard found.score.below.isFinite, found.score.above.isFinite else {
            return .failure(Wrong("the event was answered without a finite value"))
        }
        let cell = Int(first.cell)
        guard cell >= 0 else {
            let lack = uncertainty.weight == nil ? "bin" : "bin or weight"
            return .failure(Wrong("the event has no calibration \(lack)"))
        }
        let table = tables[found.table]
        guard table.events[cell] > 0 else {
            return .failure(
                Wrong(
                    "the event lies in the bin \(table.bins.label(cell)) of \(table.name), in which none was calibrated"
                )
            )
        }
        return .success(
            Scored(
                table: found.table,
                cell: cell,
                score: found.score,
                value: first.value,
                limit: first.limit
            )
        )
    }

    /// Why a truth cannot be taken.
    struct Wrong: Error {
        let reason: String
        init(_ reason: String) { self.reason = reason }
    }
}
