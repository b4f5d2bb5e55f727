/// Sets of classes that hold the true one as often as asked, whichever it is.
///
/// A class is in the set where its score is at most its threshold: the k-th smallest score of the n
/// calibration events of that class in the bin, k = ⌈(n + 1) coverage⌉, as of `SplitConformal`; in
/// other words, where its conformal p-value is above 1 - coverage. Every class has a table of its own,
/// so that rare ones are not paid for by common ones (Vovk et al. 2005, Mondrian by class).
public struct ConformalSets: Equatable, Sendable {
    /// How scores are made.
    public let score: ClassScore
    /// Scores of each class's own events; the bins of all are the same.
    public let tables: [ConformalPValues]

    /// Classes.
    public var classes: Int { tables.count }

    /// The bins, in the units of their columns.
    public var bins: MondrianGrid { tables[0].bins }

    /// Tables of at least two classes, in the same bins.
    public init(score: ClassScore, tables: [ConformalPValues]) {
        precondition(tables.count >= 2 && tables.allSatisfy { $0.bins == tables[0].bins })
        self.score = score
        self.tables = tables
    }

    /// Labelled events that a calibration is made from.
    public struct Sample: Sendable {
        /// Probabilities of all classes, event after event.
        public var probabilities: [Float]
        /// The true class of each event, counted from 0.
        public var labels: [Int]
        /// The number in [0, 1) that each event draws.
        public var uniforms: [Double]
        /// The values that choose the bins, one list an axis.
        public var binColumns: [[Double]]

        /// Events in the same order throughout.
        public init(
            probabilities: [Float],
            labels: [Int],
            uniforms: [Double],
            binColumns: [[Double]]
        ) {
            self.probabilities = probabilities
            self.labels = labels
            self.uniforms = uniforms
            self.binColumns = binColumns
        }
    }

    /// Calibrates on events the model was not trained on.
    ///
    /// O(n (classes² + log n)). Refuses lengths that do not fit, a label that is no class, a
    /// probability that is not between 0 and 1, a NaN bin value and an empty sample; a class without
    /// events in a bin is in every set there.
    public static func fit(
        _ score: ClassScore,
        classes: Int,
        bins: MondrianGrid,
        _ sample: Sample
    ) throws(CalibrationError) -> ConformalSets {
        try check(sample, classes: classes)
        let cells = try bins.indices(
            of: sample.binColumns,
            count: sample.labels.count,
            name: "binColumns"
        )
        let scores = score.ownScores(sample, classes: classes)
        var own = [[Double]](repeating: [], count: classes)
        var places = [[Int]](repeating: [], count: classes)
        for (index, label) in sample.labels.enumerated() {
            own[label].append(scores[index])
            places[label].append(cells[index])
        }
        return ConformalSets(
            score: score,
            tables: zip(own, places).map { scores, cells in
                ConformalPValues(
                    bins: bins,
                    scores: BinnedScores(scores: scores, bins: cells, binCount: bins.count)
                )
            }
        )
    }

    /// The largest score with which a class is in the set of an event of `bin`; infinite where too
    /// few calibration events can tell: then it always is.
    ///
    /// O(1), allocates nothing.
    public func threshold(class index: Int, bin: Int, coverage: Double) -> Double {
        tables[index].largestScore(bin: bin, coverage: coverage)
    }

    private static func check(_ sample: Sample, classes: Int) throws(CalibrationError) {
        let events = sample.labels.count
        guard classes >= 2 else {
            throw CalibrationError("classes", found: "\(classes)", allowed: "at least 2")
        }
        guard events > 0 else {
            throw CalibrationError("labels", found: "0 events", allowed: "at least 1")
        }
        for (name, count, wanted) in [
            ("probabilities", sample.probabilities.count, events * classes),
            ("uniforms", sample.uniforms.count, events),
        ] where count != wanted {
            throw CalibrationError(name, found: "\(count) of them", allowed: "\(wanted)")
        }
        for (index, label) in sample.labels.enumerated() where label < 0 || label >= classes {
            throw CalibrationError(
                "labels[\(index)]",
                found: "\(label)",
                allowed: "0 to \(classes - 1)"
            )
        }
        for (index, value) in sample.probabilities.enumerated() where !(value >= 0 && value <= 1) {
            throw CalibrationError(
                "probabilities[\(index)]",
                found: NumberText.of(value),
                allowed: "0 to 1"
            )
        }
        for (index, value) in sample.uniforms.enumerated() where !(value >= 0 && value < 1) {
            throw CalibrationError(
                "uniforms[\(index)]",
                found: NumberText.of(value),
                allowed: "0 to 1, less than 1"
            )
        }
    }
}

extension ClassScore {
    /// The score of every event's own class, of a sample whose lengths fit.
    public func ownScores(_ sample: ConformalSets.Sample, classes: Int) -> [Double] {
        var all = [Double](repeating: 0, count: classes)
        var order = [Int32](repeating: 0, count: classes)
        return sample.labels.enumerated().map { index, label in
            var room = order.mutableSpan
            var found = all.mutableSpan
            write(
                sample.probabilities.span.extracting(index * classes..<(index + 1) * classes),
                uniform: sample.uniforms[index],
                order: &room,
                to: &found
            )
            return all[label]
        }
    }
}
