extension CalibrationFile {
    /// The file: keys in a fixed order, scalars before arrays, every number the shortest text that
    /// reads back to the same bits.
    ///
    /// Equal calibrations give equal bytes.
    public func json() -> [UInt8] {
        var writer = JSONWriter()
        writer.object { file in
            file.integer("format", format)
            file.text("model", model)
            file.text("version", version)
            file.text("artefact_digest", artefactDigest)
            file.text("engine", engine)
            file.text("engine_version", engineVersion)
            file.text("precision", precision)
            file.text("device_class", deviceClass)
            file.text("date", date)
            file.text("data_digest", dataDigest)
            file.integer("events", events)
            if let parent {
                file.text("parent", parent)
                file.integer("truths", truths)
            }
            file.array("outputs") { list in
                for output in outputs { list.object { output.write(to: &$0) } }
            }
            if !regions.isEmpty {
                file.array("regions") { list in
                    for region in regions { list.object { region.write(to: &$0) } }
                }
            }
        }
        return writer.bytes + [UInt8(ascii: "\n")]
    }
}

extension OutputCalibration {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.text("output", output)
        writer.write(binColumns)
        for kind in kinds {
            switch kind {
            case .interval(let interval):
                writer.object(kind.name) { interval.write(to: &$0) }
            case .weightedInterval(let weighted):
                writer.object(kind.name) { weighted.write(to: &$0) }
            case .vennAbers(let vennAbers):
                writer.object(kind.name) { vennAbers.write(to: &$0) }
            case .curve(let curve):
                writer.object(kind.name) { curve.write(to: &$0) }
            case .sets(let score):
                writer.object(kind.name) { score.write(to: &$0) }
            case .pValues(let classes):
                writer.array(kind.name) { list in
                    for element in classes { list.object { element.write(to: &$0) } }
                }
            }
        }
    }
}

extension BinColumn {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.text("source", source.rawValue)
        writer.text("name", name)
        if let feature { writer.text("feature", feature) }
    }
}

extension SplitConformal {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.text("method", method.rawValue)
        writer.text("side", side.rawValue)
        writer.write(bins, eventsPerBin)
        let type = ScoreType(holding: [below.values, above?.values ?? []])
        writer.text("score_type", type.rawValue)
        if let above {
            writer.write("scores_below", below, type)
            writer.write("scores_above", above, type)
        } else {
            writer.write("scores", below, type)
        }
        if let adapted { writer.object("adapted") { adapted.write(to: &$0) } }
    }
}

extension WeightedConformal {
    fileprivate func write(to writer: inout JSONWriter) {
        conformal.write(to: &writer)
        writer.object("weight") { $0.write(weight) }
        writer.array("weights") { list in
            for bin in 0..<conformal.bins.count {
                list.numbers(
                    weights[conformal.below.range(of: bin)].lazy.map { NumberText.of($0) }
                )
            }
        }
    }
}

extension ClassScore {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.text("method", method)
        guard case .regularised(let weight, let free) = self else { return }
        writer.number("penalty", weight)
        writer.integer("free_ranks", free)
    }
}

extension ClassPValues {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.text("class", name)
        writer.write(table.bins, table.eventsPerBin)
        let type = ScoreType(holding: [table.scores.values])
        writer.text("score_type", type.rawValue)
        writer.write("scores", table.scores, type)
        if let adapted = table.adapted { writer.object("adapted") { adapted.write(to: &$0) } }
    }
}

extension VennAbers {
    fileprivate func write(to writer: inout JSONWriter) {
        let type = ScoreType(holding: [p0From, p1To])
        writer.integer("events", events)
        writer.integer("class_one_events", classOneEvents)
        writer.text("score_type", type.rawValue)
        writer.numbers("p0_from", p0From.lazy.map(type.text))
        writer.numbers("p0", p0.lazy.map { NumberText.of($0) })
        writer.numbers("p1_to", p1To.lazy.map(type.text))
        writer.numbers("p1", p1.lazy.map { NumberText.of($0) })
    }
}

extension JSONWriter {
    fileprivate mutating func write(_ weight: EventWeight) {
        object("column") { weight.column.write(to: &$0) }
        guard case .ratio(_, let ratio) = weight else { return }
        numbers("bin_edges", ratio.bins.edges.lazy.map { NumberText.of($0) })
        numbers("data_events", ratio.dataEvents.lazy.map { String($0) })
        numbers("calibration_events", ratio.calibrationEvents.lazy.map { String($0) })
    }

    mutating func write(_ columns: [BinColumn]) {
        guard !columns.isEmpty else { return }
        array("bin_columns") { list in
            for column in columns { list.object { column.write(to: &$0) } }
        }
    }

    mutating func write(_ bins: MondrianGrid, _ eventsPerBin: [Int]) {
        array("bin_edges") { list in
            for axis in bins.axes { list.numbers(axis.edges.lazy.map { NumberText.of($0) }) }
        }
        numbers("events_per_bin", eventsPerBin.lazy.map { String($0) })
    }

    mutating func write(_ key: String, _ scores: BinnedScores, _ type: ScoreType) {
        array(key) { list in
            for table in scores.tables { list.numbers(table.lazy.map(type.text)) }
        }
    }
}
