internal import Calibration
internal import Catalog
internal import Messages
internal import Tensors

/// Makes the answer plans of a model version: raw, calibrated, and with further raw outputs.
struct AnswerPlanner: Sendable {
    private let manifest: Manifest
    /// Quoted by raw answers.
    private let rawProvenance: Provenance
    /// The answer of the task and what it quotes, or nil without a calibration; its tables are laid
    /// out once and shared by every plan.
    private let calibrated: (draft: AnswerDraft, provenance: Provenance)?

    /// Plans of a version whose matching calibration, if any, is `calibration`.
    ///
    /// An observer keeps what truths are compared with; it must outlive the plans.
    init(
        manifest: Manifest,
        rawProvenance: Provenance,
        calibration: LoadedCalibration?,
        observer: (learner: LiveCalibration, generation: Int)? = nil
    ) {
        self.manifest = manifest
        self.rawProvenance = rawProvenance
        calibrated = calibration.flatMap { calibration in
            guard var draft = Self.draft(manifest, calibration) else { return nil }
            if let observer {
                draft.observation = CalibratedDraft(manifest: manifest).observation(
                    calibration,
                    of: draft,
                    learner: observer.learner,
                    generation: observer.generation
                )
            }
            return (draft, calibration.provenance)
        }
    }

    /// Whether an input's rows may be flagged: then every output carries flags.
    private var mayFlag: Bool {
        manifest.isFixedPoint || manifest.inputs.contains { $0.nonfinite == .flag }
    }

    /// The artefact's own outputs: those named, or all.
    func raw(_ names: [Int]?) -> AnswerPlan {
        var draft = AnswerDraft()
        for index in names ?? Array(manifest.outputs.indices) { addRaw(index, to: &draft) }
        return draft.plan(provenance: rawProvenance)
    }

    /// The answer of the task, with the raw outputs named; nil without a calibration.
    func calibrated(_ names: [Int]) -> AnswerPlan? {
        guard let calibrated else { return nil }
        var draft = calibrated.draft
        for index in names { addRaw(index, to: &draft) }
        return draft.plan(provenance: calibrated.provenance)
    }

    private static func draft(_ manifest: Manifest, _ calibration: LoadedCalibration)
        -> AnswerDraft?
    {
        let maker = CalibratedDraft(manifest: manifest)
        var draft = AnswerDraft()
        for (entry, uncertainty) in manifest.uncertainty.enumerated() {
            let output = calibration.file.outputs.first { $0.output == uncertainty.output }
            guard let output, maker.add(entry, uncertainty, output, to: &draft) else { return nil }
        }
        for region in manifest.regions {
            let found = calibration.file.regions.first { $0.outputs == region.outputs }
            guard let found, maker.add(region, found.ellipses, to: &draft) else { return nil }
        }
        return draft
    }

    private func addRaw(_ index: Int, to draft: inout AnswerDraft) {
        let output = manifest.outputs[index]
        let section = AnswerLayout.Section(
            type: output.signature.type,
            shape: output.signature.shape
        )
        let value = draft.add(section)
        let flags = mayFlag ? draft.add(.init(type: .uint8, shape: [])) : nil
        draft.outputs.append(
            .init(
                name: output.signature.name,
                unit: output.unit,
                method: "raw",
                hasCoverage: false,
                value: value,
                flags: flags
            )
        )
        draft.rawCopies.append(
            .init(
                output: index,
                section: value,
                strideBytes: section.strideBytes,
                flags: flags ?? -1,
                type: section.type
            )
        )
    }
}
