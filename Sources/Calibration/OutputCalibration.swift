/// All that calibrates one output of a model: an interval, or Venn-ABERS and p-values, or sets, or
/// p-values.
public struct OutputCalibration: Sendable, Equatable {
    /// One way to calibrate.
    public enum Kind: Sendable, Equatable {
        /// A regression output's interval.
        case interval(SplitConformal)
        /// The same for data that come in other shares than the calibration events.
        case weightedInterval(WeightedConformal)
        /// A binary score's pair of probabilities.
        case vennAbers(VennAbers)
        /// The probability of a binary score, where it is not the pair's own.
        case curve(BinaryCurve)
        /// How the scores of sets of classes are made, which the p-values' tables hold.
        case sets(ClassScore)
        /// p-values, one table a class, in a fixed order.
        case pValues([ClassPValues])
    }

    /// The most classes one output may have.
    public static let maximumClasses = 1_024

    /// The output's name.
    public var output: String
    /// What chooses the bin, one an axis; empty where there is one bin.
    public var binColumns: [BinColumn]
    /// One interval, weighted or not; or one Venn-ABERS, one curve beside it, one list of p-values, in this order; or
    /// what sets are made of, and the list of p-values.
    public let kinds: [Kind]

    /// Refuses a mixture that has no meaning, a class twice, and tables with other axes than there
    /// are bin columns.
    public init(
        output: String,
        binColumns: [BinColumn],
        kinds: [Kind]
    ) throws(CalibrationError) {
        self.output = output
        self.binColumns = binColumns
        self.kinds = kinds
        try check(path: "outputs[\(output)]", events: nil)
    }

    /// The interval's calibration, weighted or not, if there is one.
    public var interval: SplitConformal? {
        for case .interval(let interval) in kinds { return interval }
        return weighted?.conformal
    }

    /// The weighted interval's calibration, if there is one.
    public var weighted: WeightedConformal? {
        for case .weightedInterval(let weighted) in kinds { return weighted }
        return nil
    }

    /// The Venn-ABERS calibration, if there is one.
    public var vennAbers: VennAbers? {
        for case .vennAbers(let vennAbers) in kinds { return vennAbers }
        return nil
    }

    /// The curve of the probability, if it is not that of Venn-ABERS.
    public var curve: BinaryCurve? {
        for case .curve(let curve) in kinds { return curve }
        return nil
    }

    /// How the probability of a binary score is made, or nil for another output.
    public var binaryMethod: BinaryCurve.Method? {
        vennAbers == nil ? nil : curve?.method ?? .vennAbers
    }

    /// The sets of classes, if there are any.
    public var sets: ConformalSets? {
        for case .sets(let score) in kinds {
            return ConformalSets(score: score, tables: pValues.map(\.table))
        }
        return nil
    }

    /// The p-value tables, class by class; empty if there are none.
    public var pValues: [ClassPValues] {
        for case .pValues(let classes) in kinds { return classes }
        return []
    }

    /// Refuses what `init` refuses and a table with more events than `events`; `path` names the
    /// output.
    func check(path: String, events: Int?) throws(CalibrationError) {
        try NameRule.check(output, path: "\(path).output")
        for (axis, column) in binColumns.enumerated() {
            try column.check(path: "\(path).bin_columns[\(axis)]")
        }
        try checkKinds(path: path)
        try checkClassNames(path: path)
        for (name, bins) in partitions where bins.axes.count != binColumns.count {
            throw CalibrationError(
                "\(path).bin_columns",
                found: "\(binColumns.count) columns",
                allowed: "\(bins.axes.count), as the bin_edges of \(name)"
            )
        }
        guard let events else { return }
        for (name, count) in eventCounts where count > events {
            throw CalibrationError(
                "\(path).\(name)",
                found: "\(count) events",
                allowed: "at most the file's \(events)"
            )
        }
    }

    private func checkKinds(path: String) throws(CalibrationError) {
        let names = kinds.map(\.name)
        let allowed = [
            ["interval"], ["weighted_interval"], ["venn_abers"], ["p_values"],
            ["venn_abers", "p_values"],
            ["venn_abers", "curve"], ["venn_abers", "curve", "p_values"], ["sets", "p_values"],
        ]
        guard allowed.contains(names) else {
            throw CalibrationError(
                path,
                found: names.isEmpty ? "no calibration" : names.joined(separator: ", "),
                allowed:
                    "interval; or weighted_interval; or venn_abers, with or without a curve, p_values, or both; or sets and p_values"
            )
        }
        if case .sets(let score)? = kinds.first {
            try checkSets(score, path: path)
        } else if let index = pValues.firstIndex(where: { $0.table.adapted != nil }) {
            throw CalibrationError(
                "\(path).p_values[\(index)].adapted",
                found: "adapted levels",
                allowed: "those of sets"
            )
        }
        if let curve, curve.method == .vennAbers {
            throw CalibrationError(
                "\(path).curve",
                found: "that of venn_abers",
                allowed: "another one, or none"
            )
        }
    }

    private func checkSets(_ score: ClassScore, path: String) throws(CalibrationError) {
        guard pValues.count >= 2 else {
            throw CalibrationError(
                "\(path).p_values",
                found: "\(pValues.count) class",
                allowed: "at least 2 for sets"
            )
        }
        for (index, entry) in pValues.enumerated() where entry.table.bins != pValues[0].table.bins {
            throw CalibrationError(
                "\(path).p_values[\(index)].bin_edges",
                found: "other bins",
                allowed: "those of the first class, for sets"
            )
        }
        guard case .regularised(let weight, let free) = score else { return }
        guard weight.isFinite, weight >= 0 else {
            throw CalibrationError(
                "\(path).sets.penalty",
                found: NumberText.of(weight),
                allowed: "a finite number, not negative"
            )
        }
        guard free >= 0, free <= Self.maximumClasses else {
            throw CalibrationError(
                "\(path).sets.free_ranks",
                found: "\(free)",
                allowed: "0 to \(Self.maximumClasses)"
            )
        }
    }

    private func checkClassNames(path: String) throws(CalibrationError) {
        guard case .pValues(let classes)? = kinds.last else { return }
        guard classes.count >= 1, classes.count <= Self.maximumClasses else {
            throw CalibrationError(
                "\(path).p_values",
                found: "\(classes.count) classes",
                allowed: "1 to \(Self.maximumClasses)"
            )
        }
        var seen: Set<String> = []
        for (index, element) in classes.enumerated() {
            try NameRule.check(element.name, path: "\(path).p_values[\(index)].class")
            guard seen.insert(element.name).inserted else {
                throw CalibrationError(
                    "\(path).p_values[\(index)].class",
                    found: "\"\(element.name)\" again",
                    allowed: "each class once"
                )
            }
        }
    }

    private var partitions: [(name: String, bins: MondrianGrid)] {
        pValues.enumerated().map { ("p_values[\($0)]", $1.table.bins) }
            + (interval.map { [("interval", $0.bins)] } ?? [])
    }

    private var eventCounts: [(name: String, count: Int)] {
        pValues.enumerated().map { ("p_values[\($0)]", $1.table.eventsPerBin.reduce(0, +)) }
            + (interval.map { [("interval", $0.eventsPerBin.reduce(0, +))] } ?? [])
            + (vennAbers.map { [("venn_abers", $0.events)] } ?? [])
    }
}

extension OutputCalibration.Kind {
    /// The key in the file.
    var name: String {
        switch self {
        case .interval: "interval"
        case .weightedInterval: "weighted_interval"
        case .vennAbers: "venn_abers"
        case .curve: "curve"
        case .sets: "sets"
        case .pValues: "p_values"
        }
    }
}
