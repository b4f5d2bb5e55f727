public import Calibration
internal import StrictJSON

extension ReferenceFile {
    /// Reads a file; an unknown key, a missing one, a wrong type, a limit passed or counts that
    /// contradict the bins are refused with their key path.
    ///
    /// Never traps, whatever the bytes.
    public init(json: [UInt8]) throws(CalibrationError) {
        var file = try JSONFields(
            file: json,
            maximumBytes: Self.maximumBytes,
            format: Self.currentFormat
        )
        let model = try file.text("model")
        let version = try file.text("version")
        let artefactDigest = try file.text("artefact_digest")
        let engine = try file.text("engine")
        let precision = try file.text("precision")
        let deviceClass = try file.text("device_class")
        var values: [Value] = []
        let list = try file.list("values", count: 1...Self.maximumValues)
        for (index, value) in list.enumerated() {
            values.append(try Value(value, path: "values[\(index)]"))
        }
        var references: [Reference] = []
        let samples = try file.list("references", count: 1...Kind.allCases.count)
        for (index, value) in samples.enumerated() {
            references.append(try Reference(value, path: "references[\(index)]"))
        }
        try file.finish()
        try self.init(
            model: model,
            version: version,
            artefactDigest: artefactDigest,
            engine: engine,
            precision: precision,
            deviceClass: deviceClass,
            values: values,
            references: references
        )
    }

    /// The file: keys in a fixed order, every number the shortest text that reads back to the same
    /// bits.
    ///
    /// Equal references give equal bytes.
    public func json() -> [UInt8] {
        var writer = JSONWriter()
        writer.object { file in
            file.integer("format", Self.currentFormat)
            file.text("model", model)
            file.text("version", version)
            file.text("artefact_digest", artefactDigest)
            file.text("engine", engine)
            file.text("precision", precision)
            file.text("device_class", deviceClass)
            file.array("values") { list in
                for value in values {
                    list.object { entry in
                        entry.text("name", value.name)
                        entry.numbers("bin_edges", value.bins.edges.map(NumberText.of))
                    }
                }
            }
            file.array("references") { list in
                for reference in references { list.object { reference.write(to: &$0) } }
            }
        }
        return writer.bytes + [UInt8(ascii: "\n")]
    }
}

extension ReferenceFile.Value {
    fileprivate init(_ value: JSONValue, path: String) throws(CalibrationError) {
        var fields = try JSONFields(value, path: path)
        name = try fields.text("name")
        let edges = try fields.numbers("bin_edges")
        do throws(CalibrationError) {
            bins = try MondrianBins(edges: edges)
        } catch {
            throw CalibrationError(
                fields.path(error.what),
                found: error.found,
                allowed: error.allowed
            )
        }
        try fields.finish()
    }
}

extension ReferenceFile.Reference {
    fileprivate init(_ value: JSONValue, path: String) throws(CalibrationError) {
        var fields = try JSONFields(value, path: path)
        kind = try fields.choice("kind", ReferenceFile.Kind.allCases)
        date = try fields.text("date")
        dataDigest = try fields.text("data_digest")
        events = try fields.integer("events", in: 1...ReferenceFile.maximumEvents)
        var counts: [[Int]] = []
        let lists = try fields.list("counts", count: 1...ReferenceFile.maximumValues)
        for (index, list) in lists.enumerated() {
            counts.append(try Self.counts(list, path: fields.path("counts[\(index)]")))
        }
        self.counts = counts
        try fields.finish()
    }

    private static func counts(_ value: JSONValue, path: String) throws(CalibrationError) -> [Int] {
        var counts: [Int] = []
        for (bin, number) in try JSONFields.numbers(value, path: path).enumerated() {
            guard let count = Int(exactly: number) else {
                throw CalibrationError(
                    "\(path)[\(bin)]",
                    found: NumberText.of(number),
                    allowed: "a whole number"
                )
            }
            counts.append(count)
        }
        return counts
    }

    fileprivate func write(to writer: inout JSONWriter) {
        writer.text("kind", kind.rawValue)
        writer.text("date", date)
        writer.text("data_digest", dataDigest)
        writer.integer("events", events)
        writer.array("counts") { list in
            for bins in counts { list.numbers(bins.map(String.init)) }
        }
    }
}
