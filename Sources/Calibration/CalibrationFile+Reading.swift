extension CalibrationFile {
    /// Reads a file; an unknown key, a missing one, a wrong type, a limit passed or a table that
    /// contradicts itself is refused with its key path.
    ///
    /// Never traps, whatever the bytes.
    public init(json: [UInt8]) throws(CalibrationError) {
        var file = try JSONFields(
            file: json,
            maximumBytes: Self.maximumBytes,
            format: Self.currentFormat
        )
        model = try file.text("model")
        version = try file.text("version")
        artefactDigest = try file.text("artefact_digest")
        engine = try file.text("engine")
        engineVersion = try file.text("engine_version")
        precision = try file.text("precision")
        deviceClass = try file.text("device_class")
        date = try file.text("date")
        dataDigest = try file.text("data_digest")
        events = try file.integer("events", in: 1...Self.maximumEvents)
        if file.has("parent") {
            parent = try file.text("parent")
            truths = try file.integer("truths", in: 0...Int.max >> 11)
        }
        outputs = []
        let list = try file.list("outputs", count: 1...Self.maximumOutputs)
        for (index, value) in list.enumerated() {
            outputs.append(try OutputCalibration(value, path: "outputs[\(index)]"))
        }
        regions = []
        if file.has("regions") {
            let list = try file.list("regions", count: 1...RegionCalibration.maximumRegions)
            for (index, value) in list.enumerated() {
                regions.append(try RegionCalibration(value, path: "regions[\(index)]"))
            }
        }
        try file.finish()
        try check()
    }
}

extension OutputCalibration {
    fileprivate init(_ value: JSONValue, path: String) throws(CalibrationError) {
        var fields = try JSONFields(value, path: path)
        output = try fields.text("output")
        binColumns = try fields.binColumns()
        var kinds: [Kind] = []
        if let value = fields.optional("interval") {
            kinds.append(.interval(try SplitConformal(value, path: fields.path("interval"))))
        }
        if let value = fields.optional("weighted_interval") {
            kinds.append(
                .weightedInterval(
                    try WeightedConformal(value, path: fields.path("weighted_interval"))
                )
            )
        }
        if let value = fields.optional("venn_abers") {
            kinds.append(.vennAbers(try VennAbers(value, path: fields.path("venn_abers"))))
        }
        if let value = fields.optional("curve") {
            kinds.append(.curve(try BinaryCurve(value, path: fields.path("curve"))))
        }
        if let value = fields.optional("sets") {
            kinds.append(.sets(try ClassScore(value, path: fields.path("sets"))))
        }
        if fields.has("p_values") {
            var classes: [ClassPValues] = []
            let list = try fields.list("p_values", count: 1...Self.maximumClasses)
            for (index, value) in list.enumerated() {
                classes.append(try ClassPValues(value, path: fields.path("p_values[\(index)]")))
            }
            kinds.append(.pValues(classes))
        }
        self.kinds = kinds
        try fields.finish()
    }
}

extension BinColumn {
    fileprivate init(_ value: JSONValue, path: String) throws(CalibrationError) {
        var fields = try JSONFields(value, path: path)
        source = try fields.choice("source", Source.allCases)
        name = try fields.text("name")
        feature = fields.has("feature") ? try fields.text("feature") : nil
        try fields.finish()
    }
}

extension SplitConformal {
    fileprivate init(_ value: JSONValue, path: String) throws(CalibrationError) {
        var fields = try JSONFields(value, path: path)
        try self.init(&fields)
        try fields.finish()
    }

    fileprivate init(_ fields: inout JSONFields) throws(CalibrationError) {
        let method = try fields.choice("method", ConformalMethod.allCases)
        let side = try fields.choice("side", IntervalSide.allCases)
        guard side == .both || method != .cqrAsymmetric else {
            throw side.refusal(fields.path("side"))
        }
        let bins = try fields.bins()
        let counts = try fields.eventsPerBin(bins)
        let type = try fields.choice("score_type", ScoreType.allCases)
        let isTwoSided = method == .cqrAsymmetric
        let below = try fields.scores(isTwoSided ? "scores_below" : "scores", counts, type)
        let above = isTwoSided ? try fields.scores("scores_above", counts, type) : nil
        self.init(method: method, side: side, bins: bins, below: below, above: above)
        if let value = fields.optional("adapted") {
            adapted = try AdaptedLevels(value, path: fields.path("adapted"), bins: bins.count)
        }
    }
}

extension WeightedConformal {
    fileprivate init(_ value: JSONValue, path: String) throws(CalibrationError) {
        var fields = try JSONFields(value, path: path)
        let conformal = try SplitConformal(&fields)
        let weight = try EventWeight(fields.value("weight"), path: fields.path("weight"))
        var weights: [Double] = []
        let list = try fields.list("weights", count: 1...MondrianGrid.maximumCells)
        guard list.count == conformal.bins.count else {
            throw CalibrationError(
                fields.path("weights"),
                found: "\(list.count) arrays",
                allowed: "\(conformal.bins.count), one a bin"
            )
        }
        for (bin, value) in list.enumerated() {
            let place = fields.path("weights[\(bin)]")
            let own = try JSONFields.numbers(value, path: place)
            guard own.count == conformal.eventsPerBin[bin] else {
                throw CalibrationError(
                    place,
                    found: "\(own.count) weights",
                    allowed: "\(conformal.eventsPerBin[bin]), as events_per_bin says"
                )
            }
            weights += own
        }
        try fields.finish()
        do throws(CalibrationError) {
            try self.init(conformal: conformal, weight: weight, weights: weights)
        } catch {
            throw CalibrationError(
                fields.path(error.what),
                found: error.found,
                allowed: error.allowed
            )
        }
    }
}

extension EventWeight {
    fileprivate init(_ value: JSONValue, path: String) throws(CalibrationError) {
        var fields = try JSONFields(value, path: path)
        let column = try BinColumn(fields.value("column"), path: fields.path("column"))
        try column.check(path: fields.path("column"))
        guard fields.has("bin_edges") else {
            try fields.finish()
            guard column.source == .request else {
                throw CalibrationError(
                    fields.path("column.source"),
                    found: column.source.rawValue,
                    allowed: "request, or bin_edges"
                )
            }
            self = .column(column)
            return
        }
        let edges = try fields.numbers("bin_edges")
        let data = try fields.counts("data_events")
        let calibration = try fields.counts("calibration_events")
        try fields.finish()
        do throws(CalibrationError) {
            self = .ratio(
                column,
                try DensityRatio(
                    bins: try MondrianBins(edges: edges),
                    dataEvents: data,
                    calibrationEvents: calibration
                )
            )
        } catch {
            throw CalibrationError(
                "\(path): \(error.what)",
                found: error.found,
                allowed: error.allowed
            )
        }
    }
}

extension ClassScore {
    fileprivate init(_ value: JSONValue, path: String) throws(CalibrationError) {
        var fields = try JSONFields(value, path: path)
        let method = try fields.text("method")
        let isRegularised = method == Self.regularised(weight: 0, free: 0).method
        let penalty = isRegularised ? try fields.number("penalty") : 0
        let free =
            isRegularised
            ? try fields.integer("free_ranks", in: 0...OutputCalibration.maximumClasses) : 0
        try fields.finish()
        guard let score = Self(method: method, penalty: penalty, freeRanks: free) else {
            throw CalibrationError(
                fields.path("method"),
                found: "\"\(method)\"",
                allowed: "lac, aps, raps"
            )
        }
        self = score
    }
}

extension ClassPValues {
    fileprivate init(_ value: JSONValue, path: String) throws(CalibrationError) {
        var fields = try JSONFields(value, path: path)
        name = try fields.text("class")
        let bins = try fields.bins()
        let counts = try fields.eventsPerBin(bins)
        let type = try fields.choice("score_type", ScoreType.allCases)
        table = ConformalPValues(bins: bins, scores: try fields.scores("scores", counts, type))
        if let value = fields.optional("adapted") {
            let path = fields.path("adapted")
            table.adapted = try AdaptedLevels(value, path: path, bins: bins.count)
        }
        try fields.finish()
    }
}

extension JSONFields {
    /// What chooses the bins; none where the key is left out.
    mutating func binColumns() throws(CalibrationError) -> [BinColumn] {
        let key = "bin_columns"
        guard has(key) else { return [] }
        var columns: [BinColumn] = []
        for (axis, value) in try list(key, count: 1...MondrianGrid.maximumAxes).enumerated() {
            columns.append(try BinColumn(value, path: path("\(key)[\(axis)]")))
        }
        return columns
    }

    /// The edges of each axis.
    mutating func bins() throws(CalibrationError) -> MondrianGrid {
        let key = "bin_edges"
        var axes: [MondrianBins] = []
        for (axis, value) in try list(key, count: 0...MondrianGrid.maximumAxes).enumerated() {
            let edges = try Self.numbers(value, path: path("\(key)[\(axis)]"))
            do throws(CalibrationError) {
                axes.append(try MondrianBins(edges: edges))
            } catch {
                throw CalibrationError(
                    path("\(key)[\(axis)]" + error.what.dropFirst(key.count)),
                    found: error.found,
                    allowed: error.allowed
                )
            }
        }
        do throws(CalibrationError) {
            return try MondrianGrid(axes: axes)
        } catch {
            throw CalibrationError(path(error.what), found: error.found, allowed: error.allowed)
        }
    }

    mutating func eventsPerBin(_ bins: MondrianGrid) throws(CalibrationError) -> [Int] {
        let key = "events_per_bin"
        let counts = try counts(key)
        guard counts.count == bins.count else {
            throw CalibrationError(
                path(key),
                found: "\(counts.count) bins",
                allowed: "\(bins.count), as bin_edges cut"
            )
        }
        return counts
    }

    /// Whole numbers, not negative.
    mutating func counts(_ key: String) throws(CalibrationError) -> [Int] {
        let numbers = try numbers(key)
        var counts: [Int] = []
        for (bin, number) in numbers.enumerated() {
            guard let count = Int(exactly: number), count >= 0 else {
                throw CalibrationError(
                    path("\(key)[\(bin)]"),
                    found: NumberText.of(number),
                    allowed: "a whole number, not negative"
                )
            }
            counts.append(count)
        }
        return counts
    }

    /// One ascending array a bin, as long as `counts` says, or shorter where scores may lack.
    mutating func scores(
        _ key: String,
        _ counts: [Int],
        _ type: ScoreType,
        mayLack: Bool = false
    ) throws(CalibrationError) -> BinnedScores {
        let list = try list(key, count: 1...MondrianGrid.maximumCells)
        guard list.count == counts.count else {
            throw CalibrationError(
                path(key),
                found: "\(list.count) arrays",
                allowed: "\(counts.count), one a bin"
            )
        }
        var tables: [[Double]] = []
        for (bin, value) in list.enumerated() {
            let numbers = try Self.numbers(value, path: path("\(key)[\(bin)]"))
            guard numbers.count == counts[bin] || (mayLack && numbers.count < counts[bin]) else {
                throw CalibrationError(
                    path("\(key)[\(bin)]"),
                    found: "\(numbers.count) scores",
                    allowed: "\(mayLack ? "at most " : "")\(counts[bin]), as events_per_bin says"
                )
            }
            tables.append(numbers.map(type.score))
        }
        guard counts.contains(where: { $0 > 0 }) else {
            throw CalibrationError(path(key), found: "0 events", allowed: "at least 1")
        }
        return try BinnedScores(sorted: tables, path: path(key))
    }
}
