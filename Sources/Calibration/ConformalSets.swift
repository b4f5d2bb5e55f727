/// Sets of classes that hold the true one as often as asked.
///
/// A class is in the set where its score is at most the threshold of its table: the k-th smallest
/// score of the table's n calibration events, k = ⌈(n + 1) coverage⌉, as of `SplitConformal`. With
/// one table a class the promise holds for the events of each class, so that rare ones are not paid
/// for by common ones; with one for all it holds on average over them.
public struct ConformalSets: Equatable, Sendable {
    /// How scores were made.
    public let score: ClassScore
    /// Classes.
    public let classes: Int
    /// Whether every class has a table of its own.
    public let isClassConditional: Bool
    /// The bins, in the units of their columns.
    public let bins: MondrianGrid
    /// Tables of bin 0, class by class, then of bin 1, and so on.
    private let scores: BinnedScores

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
    /// probability that is not between 0 and 1, a NaN bin value and an empty sample; a table without
    /// events is kept, its class is in every set.
    public static func fit(
        _ score: ClassScore,
        classes: Int,
        isClassConditional: Bool,
        bins: MondrianGrid,
        _ sample: Sample
    ) throws(CalibrationError) -> ConformalSets {
        try check(sample, classes: classes)
        let cells = try bins.indices(
            of: sample.binColumns,
            count: sample.labels.count,
            name: "binColumns"
        )
        var own: [Double] = []
        var tables: [Int] = []
        var all = [Double](repeating: 0, count: classes)
        var order = [Int32](repeating: 0, count: classes)
        for (index, label) in sample.labels.enumerated() {
            var places = order.mutableSpan
            var found = all.mutableSpan
            score.write(
                sample.probabilities.span.extracting(index * classes..<(index + 1) * classes),
                uniform: sample.uniforms[index],
                order: &places,
                to: &found
            )
            own.append(all[label])
            tables.append(isClassConditional ? cells[index] * classes + label : cells[index])
        }
        return ConformalSets(
            score: score,
            classes: classes,
            isClassConditional: isClassConditional,
            bins: bins,
            scores: BinnedScores(
                scores: own,
                bins: tables,
                binCount: bins.count * (isClassConditional ? classes : 1)
            )
        )
    }

    /// The largest score with which a class is in the set of an event of `bin`; infinite where too
    /// few calibration events can tell: then it always is.
    ///
    /// O(1), allocates nothing.
    public func threshold(class index: Int, bin: Int, coverage: Double) -> Double {
        precondition(index >= 0 && index < classes, "no such class")
        let table = isClassConditional ? bin * classes + index : bin
        let events = scores.range(of: table).count
        return scores.smallest(
            ConformalRank.rank(events: events, coverage: coverage),
            in: table
        )
    }

    /// Calibration events of a class's table in a bin.
    public func events(class index: Int, bin: Int) -> Int {
        scores.range(of: isClassConditional ? bin * classes + index : bin).count
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
