import Calibration
import Catalog
import Datasets
import FoundationEssentials
import Messages

/// Makes versions of INT8, measures them in a daemon of its own, and takes one.
struct Quantization {
    /// How often versions are loaded in turn to be timed: others may have the processor meanwhile.
    private static let rounds = 3
    /// Tries beside those of one group each: everything in INT8, and what gained together.
    private static let otherTries = 2

    let original: OriginalModel
    let events: QuantizationEvents
    let quantizer: Quantizer
    let method: Quantizer.Method
    /// Versions that are tried at most.
    let tries: Int

    /// What was found, and the version that was taken.
    func run() async throws -> (report: QuantizationReport, made: QuantizedVersion) {
        let folder = quantizer.folder
        let (model, data) = ("\(folder)/model.onnx", "\(folder)/ranges.npz")
        try Data(original.source.artefact).write(to: URL(filePath: model))
        try events.ranges.write(to: data)
        let prepared = try quantizer.prepare(
            model: model,
            groups: max(0, tries - Self.otherTries)
        )
        guard prepared.layers > 0 else {
            throw Complaint(
                "model '\(original.description.name)' has no layers to quantize: no convolution or product with constant weights"
            )
        }
        let daemon = try PrivateDaemon(
            original.source,
            manifest: original.manifest,
            library: prepared.library,
            folder: folder
        )
        defer { daemon.end() }
        return try await measure(prepared, data, by: daemon)
    }

    private func measure(
        _ prepared: Quantizer.Prepared,
        _ data: String,
        by daemon: PrivateDaemon
    ) async throws -> (report: QuantizationReport, made: QuantizedVersion) {
        let version = try original.nextVersion()
        var float32 = try await load(nil, by: daemon)
        guard float32.engineVersion == original.description.engineVersion else {
            throw Complaint(
                "the quantizer's package is \(float32.engineVersion), the daemon runs \(original.description.engineVersion): allowed is the same"
            )
        }
        let raw = try await scores(by: daemon)
        let search = try await search(prepared, data, version, raw, by: daemon)
        guard let chosen = search.chosen.map({ search.tried[$0] }) else {
            preconditionFailure("everything in INT8 was tried")
        }
        var times = (float32: LadderTimes(), int8: LadderTimes())
        var int8 = float32
        for _ in 0..<Self.rounds {
            float32 = try await load(nil, by: daemon)
            times.float32.add(float32)
            int8 = try await load((version, chosen.artefact), by: daemon)
            times.int8.add(int8)
        }
        var made = QuantizedVersion(version: version, artefact: chosen.artefact)
        var report = QuantizationReport(
            original,
            made,
            search,
            { $0.flatMap { prepared.groups[$0] } },
            events,
            method: method.rawValue,
            layers: prepared.layers,
            times: times,
            shift: ScoreShift.measure(float32, raw, chosen.raw)
        )
        report.quality = try TaskQuality.measure(
            float32,
            events.others,
            float32: raw,
            int8: chosen.raw
        )
        report.calibration_reason = Self.reason(float32)
        if report.calibration_reason == nil {
            let before = try calibrated(float32, raw)
            let after = try calibrated(int8, chosen.raw)
            report.uncertainty = UncertaintyComparison.compare(before.report, after.report)
            report.float32 = before.report
            report.int8 = after.report
            made.calibration = (CalibrateCommand.fileName(int8), after.file.json())
        }
        return (report, made)
    }

    /// Versions with one group of layers less each, then one with all that gained.
    private func search(
        _ prepared: Quantizer.Prepared,
        _ data: String,
        _ version: String,
        _ raw: Scoring.Outcome,
        by daemon: PrivateDaemon
    ) async throws -> LayerSearch {
        var search = LayerSearch(groups: prepared.groups.count)
        var waiting = search.first
        var progress = Progress("tried", total: waiting.count)
        while !waiting.isEmpty {
            let made = try make(waiting, prepared, data)
            for (excluded, artefact) in zip(waiting, made) {
                let description = try await load((version, artefact), by: daemon)
                let own = try await scores(by: daemon)
                let shifts = ScoreShift.measure(description, raw, own)
                var tried = MeasuredVersion(
                    excluded: excluded,
                    artefact: artefact,
                    raw: own,
                    shift: ScoreShift.worst(shifts, description)
                )
                tried.times.add(description)
                search.add(tried)
                if search.tried.count <= search.first.count { progress.advance(1) }
            }
            for _ in 1..<Self.rounds {
                for (index, tried) in search.tried.enumerated() {
                    search.time(index, try await load((version, tried.artefact), by: daemon))
                }
            }
            waiting = waiting.count > 1 ? search.second.map { [$0] } ?? [] : []
        }
        return search
    }

    private func make(
        _ sets: [[Int]],
        _ prepared: Quantizer.Prepared,
        _ data: String
    ) throws -> [[UInt8]] {
        let candidates = sets.enumerated().map { index, groups in
            Quantizer.Candidate(
                excluded: groups.flatMap { prepared.groups[$0] },
                output: "\(quantizer.folder)/candidate-\(index).onnx"
            )
        }
        try quantizer.quantize(candidates, data: data, method: method)
        return try candidates.map {
            try FileReading.bytes($0.output, limit: ModelFolder.maximumArtefactBytes)
        }
    }

    private func load(
        _ made: (version: String, artefact: [UInt8])?,
        by daemon: PrivateDaemon
    ) async throws -> ModelDescription {
        guard let made else {
            return try await daemon.load(original.source.artefact, version: original.source.version)
        }
        return try await daemon.load(
            made.artefact,
            version: made.version,
            precision: QuantizedVersion.precision
        )
    }

    private func scores(by daemon: PrivateDaemon) async throws -> Scoring.Outcome {
        try await Scoring(client: daemon.client, source: events.others)
            .run(title: "scored", showsProgress: false) { call in
                call.isRaw = true
                call.priority = .bulk
            }
    }

    /// Why a model is not calibrated here, or nil.
    private static func reason(_ model: ModelDescription) -> String? {
        if model.uncertainty.isEmpty { return "the model declares none" }
        guard model.uncertainty.contains(where: { $0.weight != nil }) else { return nil }
        return "the model weighs events; 'vigil calibrate' does once the version is kept"
    }

    private func calibrated(
        _ model: ModelDescription,
        _ raw: Scoring.Outcome
    ) throws -> (report: CalibrationReport, file: CalibrationFile) {
        let fit = CalibrationFit(
            model: model,
            source: events.others,
            path: events.path,
            raw: raw
        )
        let (file, samples) = try fit.fitted(
            date: CalibrateCommand.today(),
            dataDigest: events.digest
        )
        let check = CalibrationCheck(model: model, file: file, samples: samples)
        return (try check.report(path: CalibrateCommand.fileName(model)), file)
    }
}
