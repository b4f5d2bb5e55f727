/// All that calibrates two outputs of a model together.
public struct RegionCalibration: Sendable, Equatable {
    /// The most regions a file may hold.
    public static let maximumRegions = 16

    /// The outputs along the first and the second axis.
    public let outputs: [String]
    /// What chooses the bin, one an axis of the bins; empty where there is one bin.
    public let binColumns: [BinColumn]
    /// The ellipses.
    public var ellipses: ConformalEllipses

    /// Refuses outputs that are not two, and bins with other axes than there are columns.
    public init(
        outputs: [String],
        binColumns: [BinColumn],
        ellipses: ConformalEllipses
    ) throws(CalibrationError) {
        self.outputs = outputs
        self.binColumns = binColumns
        self.ellipses = ellipses
        try check(path: "regions[\(outputs.joined(separator: ", "))]", events: nil)
    }

    /// Refuses what `init` refuses and more events than `events`; `path` names the region.
    func check(path: String, events: Int?) throws(CalibrationError) {
        guard outputs.count == 2, outputs[0] != outputs[1] else {
            throw CalibrationError(
                "\(path).outputs",
                found: outputs.joined(separator: ", "),
                allowed: "two outputs"
            )
        }
        for (axis, output) in outputs.enumerated() {
            try NameRule.check(output, path: "\(path).outputs[\(axis)]")
        }
        for (axis, column) in binColumns.enumerated() {
            try column.check(path: "\(path).bin_columns[\(axis)]")
        }
        guard ellipses.bins.axes.count == binColumns.count else {
            throw CalibrationError(
                "\(path).bin_columns",
                found: "\(binColumns.count) columns",
                allowed: "\(ellipses.bins.axes.count), as bin_edges"
            )
        }
        let count = ellipses.eventsPerBin.reduce(0, +)
        guard let events, count > events else { return }
        throw CalibrationError(
            path,
            found: "\(count) events",
            allowed: "at most the file's \(events)"
        )
    }
}

extension RegionCalibration {
    init(_ value: JSONValue, path: String) throws(CalibrationError) {
        var fields = try JSONFields(value, path: path)
        var outputs: [String] = []
        for (index, output) in try fields.list("outputs", count: 1...2).enumerated() {
            guard case .string(let name) = output else {
                throw CalibrationError(
                    fields.path("outputs[\(index)]"),
                    found: output.kind,
                    allowed: "a string"
                )
            }
            outputs.append(name)
        }
        self.outputs = outputs
        binColumns = try fields.binColumns()
        let bins = try fields.bins()
        let counts = try fields.eventsPerBin(bins)
        let shapes = try fields.shapes(bins.count)
        let type = try fields.choice("score_type", ScoreType.allCases)
        let scores = try fields.scores("scores", counts, type, mayLack: true)
        try fields.finish()
        for bin in counts.indices {
            let range = scores.range(of: bin)
            guard let least = range.first, scores.values[least] < 0 else { continue }
            throw CalibrationError(
                fields.path("scores[\(bin)][0]"),
                found: NumberText.of(scores.values[least]),
                allowed: "0 and more"
            )
        }
        ellipses = ConformalEllipses(
            bins: bins,
            eventsPerBin: counts,
            shapes: shapes,
            scores: scores
        )
    }

    func write(to writer: inout JSONWriter) {
        writer.texts("outputs", outputs)
        writer.write(binColumns)
        writer.write(ellipses.bins, ellipses.eventsPerBin)
        writer.array("shapes") { list in
            for shape in ellipses.shapes {
                list.numbers(
                    [shape.first, shape.mixed, shape.second].lazy.map { NumberText.of($0) }
                )
            }
        }
        let type = ScoreType(holding: [ellipses.scores.values])
        writer.text("score_type", type.rawValue)
        writer.write("scores", ellipses.scores, type)
    }
}

extension JSONFields {
    /// Three moments a bin.
    fileprivate mutating func shapes(
        _ bins: Int
    ) throws(CalibrationError) -> [ConformalEllipses.Shape] {
        let list = try list("shapes", count: 1...MondrianGrid.maximumCells)
        guard list.count == bins else {
            throw CalibrationError(
                path("shapes"),
                found: "\(list.count) arrays",
                allowed: "\(bins), one a bin"
            )
        }
        var shapes: [ConformalEllipses.Shape] = []
        for (bin, value) in list.enumerated() {
            let numbers = try Self.numbers(value, path: path("shapes[\(bin)]"))
            guard numbers.count == 3,
                let shape = ConformalEllipses.Shape(
                    first: numbers[0],
                    mixed: numbers[1],
                    second: numbers[2]
                )
            else {
                throw CalibrationError(
                    path("shapes[\(bin)]"),
                    found: numbers.map(NumberText.of).joined(separator: ", "),
                    allowed: "the second moments of two numbers"
                )
            }
            shapes.append(shape)
        }
        return shapes
    }
}
