internal import Calibration
internal import Catalog
internal import Messages
internal import Tensors

/// The calibration of a model version that belongs to what runs.
struct LoadedCalibration: Sendable {
    let file: CalibrationFile
    /// First digits of the file's digest.
    let id: String
    let provenance: Provenance

    /// Digits of the digest that make the id.
    private static let idDigits = 16

    /// What runs, as a calibration must name it.
    struct Running: Sendable {
        let engine: String
        let engineVersion: String
        let precision: String
        let deviceClass: String
        let device: String
        /// Those that may answer, where there are several.
        var devices: [String] = []
    }

    /// The newest calibration of `source` that matches, or in one line why there is none.
    static func find(
        _ source: ModelSource,
        running: Running
    ) -> Result<LoadedCalibration, CalibrationAbsence> {
        guard !source.manifest.uncertainty.isEmpty else {
            return .failure(.init(reason: "the manifest declares no uncertainty"))
        }
        guard !source.calibrations.isEmpty else {
            return .failure(.init(reason: "there is no calibration file in \(source.folder)"))
        }
        var reasons: [String] = []
        var best: LoadedCalibration?
        for candidate in source.calibrations {
            switch load(candidate, source, running) {
            case .success(let loaded):
                if best.map({ $0.file.date < loaded.file.date }) ?? true { best = loaded }
            case .failure(let absence):
                reasons.append("\(candidate.path): \(absence.reason)")
            }
        }
        if let best { return .success(best) }
        return .failure(.init(reason: reasons.joined(separator: "; ")))
    }

    /// A calibration file, or in one line why it does not match.
    static func load(
        _ candidate: ModelSource.CalibrationSource,
        _ source: ModelSource,
        _ running: Running
    ) -> Result<LoadedCalibration, CalibrationAbsence> {
        let file: CalibrationFile
        do {
            file = try CalibrationFile(json: candidate.bytes)
        } catch {
            return .failure(.init(reason: "\(error)"))
        }
        var facts = [
            ("model", file.model, source.manifest.name),
            ("artefact_digest", file.artefactDigest, source.digest),
            ("engine", file.engine, running.engine),
            ("precision", file.precision, running.precision),
            ("device_class", file.deviceClass, running.deviceClass),
        ]
        // What runs on TensorRT is a plan, which the version names.
        if running.deviceClass == Device.Class.tensorrt.rawValue {
            facts.append(("engine_version", file.engineVersion, running.engineVersion))
        }
        for (key, found, wanted) in facts where found != wanted {
            return .failure(.init(reason: "\(key) is \(found), what runs is \(wanted)"))
        }
        for uncertainty in source.manifest.uncertainty {
            if let reason = mismatch(uncertainty, file) { return .failure(.init(reason: reason)) }
        }
        for region in source.manifest.regions {
            if let reason = mismatch(region, source.manifest, file) {
                return .failure(.init(reason: reason))
            }
        }
        let id = String(candidate.digest.dropFirst("sha256:".count).prefix(idDigits))
        return .success(
            LoadedCalibration(
                file: file,
                id: id,
                provenance: provenance(source, running: running, file: file, id: id)
            )
        )
    }

    /// Why the file does not hold what the manifest declares for an output.
    private static func mismatch(
        _ uncertainty: Manifest.Uncertainty,
        _ file: CalibrationFile
    ) -> String? {
        guard let output = file.outputs.first(where: { $0.output == uncertainty.output }) else {
            return "output \(uncertainty.output) is not calibrated"
        }
        let tables: [MondrianGrid]
        if uncertainty.isInterval {
            guard let interval = output.interval,
                interval.method.rawValue == uncertainty.conformalMethod
            else {
                return
                    "output \(uncertainty.output) is not calibrated by \(uncertainty.method.rawValue)"
            }
            guard interval.side.rawValue == uncertainty.side.rawValue else {
                return
                    "output \(uncertainty.output): the side is \(interval.side.rawValue), the manifest's \(uncertainty.side.rawValue)"
            }
            if let reason = uncertainty.weightMismatch(output.weighted?.weight) {
                return "output \(uncertainty.output): \(reason)"
            }
            tables = [interval.bins]
        } else {
            let wanted = uncertainty.classes.map(\.name)
            let found = wanted.compactMap { output.table($0)?.bins }
            let isMethod =
                switch uncertainty.method {
                case .pValue: true
                case .best: output.binaryMethod != nil
                case .lac, .aps, .raps: output.isSets(of: uncertainty)
                default: output.binaryMethod?.rawValue == uncertainty.method.rawValue
                }
            guard found.count == wanted.count, isMethod else {
                return
                    "output \(uncertainty.output) is not calibrated by \(uncertainty.method.rawValue) for \(wanted.joined(separator: ", "))"
            }
            tables = found
        }
        guard tables.allSatisfy({ isGrid($0, output.binColumns, of: uncertainty.bins) }) else {
            return "output \(uncertainty.output): the bins are not those of the manifest"
        }
        return nil
    }

    /// Why the file does not hold what the manifest declares for two outputs together.
    private static func mismatch(
        _ region: Manifest.Region,
        _ manifest: Manifest,
        _ file: CalibrationFile
    ) -> String? {
        let names = region.outputs.joined(separator: ", ")
        guard let found = file.regions.first(where: { $0.outputs == region.outputs }) else {
            return "the region of \(names) is not calibrated"
        }
        let bins = manifest.uncertainty.first { $0.output == region.outputs[0] }?.bins ?? []
        guard isGrid(found.ellipses.bins, found.binColumns, of: bins) else {
            return "the region of \(names): the bins are not those of the manifest"
        }
        return nil
    }

    /// Whether bins on these columns are the manifest's.
    private static func isGrid(
        _ grid: MondrianGrid,
        _ columns: [BinColumn],
        of axes: [Manifest.BinAxis]
    ) -> Bool {
        grid.axes.map(\.edges) == axes.map(\.edges) && columns.count == axes.count
            && zip(columns, axes).allSatisfy { $0.isColumn(of: $1) }
    }

    static func provenance(
        _ source: ModelSource,
        running: Running,
        file: CalibrationFile?,
        id: String?
    ) -> Provenance {
        Provenance(
            model: source.manifest.name,
            version: source.version,
            digest: source.digest,
            engine: running.engineVersion,
            precision: running.precision,
            device: running.device,
            calibration: id,
            calibrationDate: file?.date,
            bins: file.map(binEvents) ?? [],
            isReproducible: source.manifest.isReproducible,
            devices: running.devices
        )
    }

    private static func binEvents(_ file: CalibrationFile) -> [BinEvents] {
        var bins: [BinEvents] = []
        func add(
            _ name: String,
            _ events: [Int],
            _ grid: MondrianGrid,
            _ columns: [BinColumn],
            effective: [Double] = []
        ) {
            bins.append(
                BinEvents(
                    output: name,
                    events: events.map(UInt64.init),
                    axes: zip(columns, grid.axes).map { column, axis in
                        BinAxis(
                            source: column.source.rawValue,
                            name: column.name,
                            feature: column.feature ?? "",
                            edges: axis.edges
                        )
                    },
                    effectiveEvents: effective
                )
            )
        }
        for output in file.outputs {
            let columns = output.binColumns
            if let interval = output.interval {
                add(
                    output.output,
                    interval.eventsPerBin,
                    interval.bins,
                    columns,
                    effective: output.weighted?.effectiveEvents ?? []
                )
            }
            for entry in output.pValues {
                let name = "\(output.output)/\(entry.name)"
                add(name, entry.table.eventsPerBin, entry.table.bins, columns)
            }
        }
        for region in file.regions {
            let name = region.outputs.joined(separator: ",")
            add(name, region.ellipses.eventsPerBin, region.ellipses.bins, region.binColumns)
        }
        return bins
    }
}

extension Manifest.Uncertainty {
    /// The method of its intervals in calibration files.
    fileprivate var conformalMethod: String {
        (method == .ensemble ? Method.normalised : method).rawValue
    }

    /// Why what a calibration is weighted by is not what the manifest says, or nil.
    fileprivate func weightMismatch(_ found: EventWeight?) -> String? {
        switch (weight, found) {
        case (nil, nil): return nil
        case (nil, _): return "the calibration is weighted, the manifest says no weight"
        case (_, nil): return "the calibration is not weighted, the manifest says a weight"
        case (let axis?, let found?):
            var edges: [Double] = []
            if case .ratio(_, let ratio) = found { edges = ratio.bins.edges }
            return found.column.isColumn(of: axis) && edges == axis.edges
                ? nil : "the weight is not that of the manifest"
        }
    }
}

extension OutputCalibration {
    /// Whether these are the manifest's sets, class by class.
    fileprivate func isSets(of uncertainty: Manifest.Uncertainty) -> Bool {
        let score = ClassScore(
            method: uncertainty.method.rawValue,
            penalty: uncertainty.penalty,
            freeRanks: uncertainty.freeRanks
        )
        return sets?.score == score && pValues.map(\.name) == uncertainty.classes.map(\.name)
    }
}

/// Why calibrated answers cannot be given.
struct CalibrationAbsence: Error {
    let reason: String
}

extension BinColumn {
    /// Whether this is the manifest's column.
    fileprivate func isColumn(of axis: Manifest.BinAxis) -> Bool {
        switch axis.column {
        case .input(let tensor, let feature):
            source == .input && name == tensor && self.feature == feature
        case .output(let output):
            source == .output && name == output
        case .request(let column):
            source == .request && name == column
        }
    }
}
