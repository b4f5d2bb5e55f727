import Calibration
import Datasets
import Messages

/// Fits sets of classes to raw probabilities and their truth.
struct SetFit {
    let entry: UncertaintyDescription
    /// Labels counted from 0, or nil for an event of no class.
    let labels: [Int?]
    /// Probabilities of all classes, event after event.
    let probabilities: [Float]
    let score: ClassScore

    /// Labelled events; the mean of the members where the model has some.
    init(_ entry: UncertaintyDescription, truth: [Double], raw: Scoring.Outcome) throws {
        guard let score = entry.score else {
            throw Complaint("the method '\(entry.method)' is not known here")
        }
        self.entry = entry
        self.score = score
        labels = truth.map { value in entry.classes.firstIndex { $0.labels.contains(value) } }
        probabilities = try raw.probabilities(entry)
    }

    /// The kinds of the calibration file, the events of each class, and how many they are made of.
    ///
    /// What each event draws is a function of `seed` and its row.
    func kinds(
        bins: MondrianGrid,
        columns: [[Double]],
        seed: UInt64
    ) throws -> ([OutputCalibration.Kind], CalibrationSamples.Kind, Int) {
        let count = entry.classes.count
        let chosen = labels.indices.filter { row in
            labels[row] != nil
                && probabilities[row * count..<(row + 1) * count].allSatisfy(\.isFinite)
        }
        let sample = ConformalSets.Sample(
            probabilities: chosen.flatMap { probabilities[$0 * count..<($0 + 1) * count] },
            labels: chosen.compactMap { labels[$0] },
            uniforms: chosen.map { Philox.uniform(seed: seed, event: UInt64($0)) },
            binColumns: columns.map { column in chosen.map { column[$0] } }
        )
        let sets = try ConformalSets.fit(score, classes: count, bins: bins, sample)
        let tables = zip(entry.classes, sets.tables).map {
            ClassPValues(name: $0.name, table: $1)
        }
        let own = score.ownScores(sample, classes: count)
        let samples = entry.classes.indices.map { label in
            let members = sample.labels.indices.filter { sample.labels[$0] == label }
            return CalibrationSamples.PValues(
                scores: members.map { own[$0] },
                binColumns: sample.binColumns.map { column in members.map { column[$0] } }
            )
        }
        return ([.sets(score), .pValues(tables)], .pValues(samples), chosen.count)
    }
}

extension Scoring.Outcome {
    /// The probabilities of all classes, event after event: the mean of the members, if there are any.
    func probabilities(_ entry: UncertaintyDescription) throws -> [Float] {
        let values = self[entry.output]
        let count = entry.classes.count
        let width = rows == 0 ? 0 : values.count / rows
        guard width >= count, values.count == rows * width, width.isMultiple(of: count) else {
            throw Complaint(
                "the daemon's answer for \(origin.model) holds no probabilities '\(entry.output)' of \(count) classes"
            )
        }
        guard width > count else { return values }
        var means = [Float](repeating: 0, count: rows * count)
        for row in 0..<rows {
            var all = means.mutableSpan
            var mean = all._mutatingExtracting(row * count..<(row + 1) * count)
            _ = EnsembleSpread.classes(
                probabilities: values.span.extracting(row * width..<(row + 1) * width),
                classes: count,
                mean: &mean
            )
        }
        return means
    }

    /// Mean and scale of a regression output, one an event; those of its members together, if it has
    /// any.
    func prediction(_ entry: UncertaintyDescription) throws -> (values: [Double], sigmas: [Double])
    {
        guard entry.method == "ensemble" else {
            return (try column(entry.output), self[entry.sigma].map(Double.init))
        }
        let (means, sigmas) = (self[entry.output], self[entry.sigma])
        let members = rows == 0 ? 0 : means.count / rows
        guard members > 0, means.count == rows * members, sigmas.count == means.count else {
            throw Complaint(
                "the daemon's answer for \(origin.model) holds no members '\(entry.output)'"
            )
        }
        let spreads = (0..<rows).map { row in
            EnsembleSpread.regression(
                means: means.span.extracting(row * members..<(row + 1) * members),
                sigmas: sigmas.span.extracting(row * members..<(row + 1) * members)
            )
        }
        return (spreads.map(\.mean), spreads.map(\.sigma))
    }
}
