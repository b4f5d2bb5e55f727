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
    private let calibrated: (draft: Draft, provenance: Provenance)?

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
                let observation = CalibratedDraft(manifest: manifest).observation(
                    calibration,
                    learner: observer.learner,
                    generation: observer.generation
                )
                draft.others.append(observation)
            }
            return (draft, calibration.provenance)
        }
    }

    /// Whether an input's rows may be flagged: then every output carries flags.
    private var mayFlag: Bool { manifest.inputs.contains { $0.nonfinite == .flag } }

    /// The artefact's own outputs: those named, or all.
    func raw(_ names: [Int]?) -> AnswerPlan {
        var draft = Draft()
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

    private static func draft(_ manifest: Manifest, _ calibration: LoadedCalibration) -> Draft? {
        let maker = CalibratedDraft(manifest: manifest)
        var draft = Draft()
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

    private func addRaw(_ index: Int, to draft: inout Draft) {
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

/// Adds the calibrated outputs of a manifest to a plan in the making.
private struct CalibratedDraft {
    let manifest: Manifest

    func add(
        _ entry: Int,
        _ uncertainty: Manifest.Uncertainty,
        _ output: OutputCalibration,
        to draft: inout Draft
    ) -> Bool {
        let score = index(of: uncertainty.output)
        switch uncertainty.method {
        case .absolute, .normalised, .cqr, .cqrAsymmetric:
            guard let conformal = output.interval else { return false }
            let place = draft.addOutput(
                uncertainty.output,
                unit: unit(score),
                method: (uncertainty.weight == nil ? "" : "weighted ")
                    + uncertainty.method.rawValue,
                hasCoverage: true,
                hasInterval: true
            )
            let outputs = IntervalStep.Outputs(
                value: score,
                lower: uncertainty.lower.map(index(of:)) ?? -1,
                upper: uncertainty.upper.map(index(of:)) ?? -1,
                sigma: uncertainty.sigma.map(index(of:)) ?? -1
            )
            let sections = (place.value, place.lower, place.upper, place.flags)
            if let weight = uncertainty.weight {
                guard let weighted = output.weighted else { return false }
                draft.others.append(
                    WeightedStep(
                        calibration: weighted,
                        usualCoverage: manifest.coverage,
                        bins: reader(entry, uncertainty, conformal.bins),
                        weightColumn: source(
                            weight.column,
                            slot: ModelService.weightSlot(entry: entry)
                        ),
                        outputs: outputs,
                        output: draft.outputs.count - 1,
                        sections: sections
                    )
                )
            } else {
                draft.intervals.append(
                    IntervalStep(
                        conformal: conformal,
                        usualCoverage: manifest.coverage,
                        bins: reader(entry, uncertainty, conformal.bins),
                        outputs: outputs,
                        output: draft.outputs.count - 1,
                        sections: sections
                    )
                )
            }
        case .ensemble:
            return add(entry, uncertainty, members: output.interval, to: &draft)
        case .lac, .aps, .raps:
            return add(entry, uncertainty, sets: output.sets, to: &draft)
        case .vennAbers, .temperature, .platt, .beta, .isotonic, .best:
            guard let vennAbers = output.vennAbers, let method = output.binaryMethod else {
                return false
            }
            let tables = uncertainty.classes.compactMap { output.table($0.name) }
            guard tables.count == 2 else { return false }
            let place = draft.addOutput(
                uncertainty.classes[1].name,
                unit: "1",
                method: method.rawValue,
                hasCoverage: false,
                hasInterval: true
            )
            let ratio = draft.add(.init(type: .float32, shape: []))
            draft.ratio = ratio
            let sections = uncertainty.classes.map { draft.addPValue($0.name) }
            draft.binary = BinaryStep(
                vennAbers: vennAbers,
                curve: output.curve,
                pValues: (tables[0], tables[1]),
                bins: reader(entry, uncertainty, tables[0].bins),
                score: score,
                sections: .init(
                    value: place.value,
                    lower: place.lower,
                    upper: place.upper,
                    flags: place.flags,
                    ratio: ratio,
                    pValues: (sections[0], sections[1])
                )
            )
        case .pValue:
            guard let table = output.table(uncertainty.classes[0].name) else { return false }
            let place = draft.addOutput(
                uncertainty.output,
                unit: unit(score),
                method: uncertainty.method.rawValue,
                hasCoverage: false
            )
            let section = draft.addPValue(uncertainty.classes[0].name)
            draft.anomaly = AnomalyStep(
                pValues: table,
                bins: reader(entry, uncertainty, table.bins),
                score: score,
                sections: (place.value, place.flags, section)
            )
        }
        return true
    }

    /// Adds the members of an ensemble.
    private func add(
        _ entry: Int,
        _ uncertainty: Manifest.Uncertainty,
        members conformal: SplitConformal?,
        to draft: inout Draft
    ) -> Bool {
        guard let conformal, let sigma = uncertainty.sigma else { return false }
        let means = index(of: uncertainty.output)
        let place = draft.addOutput(
            uncertainty.output,
            unit: unit(means),
            method: uncertainty.method.rawValue,
            hasCoverage: true,
            hasInterval: true,
            hasDoubt: true
        )
        draft.others.append(
            EnsembleStep(
                conformal: conformal,
                usualCoverage: manifest.coverage,
                bins: reader(entry, uncertainty, conformal.bins),
                means: means,
                sigmas: index(of: sigma),
                members: manifest.outputs[means].signature.elementCount,
                output: draft.outputs.count - 1,
                sections: .init(
                    value: place.value,
                    lower: place.lower,
                    upper: place.upper,
                    flags: place.flags,
                    aleatoric: place.aleatoric,
                    epistemic: place.epistemic
                )
            )
        )
        return true
    }

    /// Adds the sets of classes.
    private func add(
        _ entry: Int,
        _ uncertainty: Manifest.Uncertainty,
        sets: ConformalSets?,
        to draft: inout Draft
    ) -> Bool {
        guard let sets else { return false }
        let probabilities = index(of: uncertainty.output)
        let shape = manifest.outputs[probabilities].signature.shape
        let members = shape.count > 1 ? shape[0] : 1
        let place = draft.addOutput(
            uncertainty.output,
            unit: unit(probabilities),
            method: uncertainty.method.rawValue,
            hasCoverage: true,
            hasDoubt: members > 1,
            classes: uncertainty.classes.map(\.name)
        )
        draft.others.append(
            SetStep(
                sets: sets,
                usualCoverage: manifest.coverage,
                bins: reader(entry, uncertainty, sets.bins),
                probabilities: probabilities,
                members: members,
                sections: .init(
                    value: place.value,
                    set: place.set,
                    flags: place.flags,
                    aleatoric: place.aleatoric,
                    epistemic: place.epistemic
                )
            )
        )
        return true
    }

    /// Adds two outputs together, which were added before.
    func add(
        _ region: Manifest.Region,
        _ ellipses: ConformalEllipses,
        to draft: inout Draft
    ) -> Bool {
        let entries = region.outputs.compactMap { name in
            manifest.uncertainty.firstIndex { $0.output == name }
        }
        guard entries.count == 2 else { return false }
        let section = draft.add(.init(type: .float32, shape: [region.coverages.count, 3]))
        let flags = draft.add(.init(type: .uint8, shape: []))
        draft.regions.append(
            .init(
                outputs: region.outputs,
                unit: unit(index(of: region.outputs[0])),
                method: "ellipse",
                coverages: region.coverages,
                ellipses: section,
                flags: flags
            )
        )
        draft.regionSteps.append(
            RegionStep(
                ellipses: ellipses,
                coverages: region.coverages,
                bins: reader(entries[0], manifest.uncertainty[entries[0]], ellipses.bins),
                scales: (
                    scale(manifest.uncertainty[entries[0]]), scale(manifest.uncertainty[entries[1]])
                ),
                sections: (section, flags)
            )
        )
        return true
    }

    /// What is observed of every output.
    func observation(
        _ calibration: LoadedCalibration,
        learner: LiveCalibration,
        generation: Int
    ) -> ObservationStep {
        let entries = manifest.uncertainty.enumerated().map { entry, uncertainty in
            let output = calibration.file.outputs.first { $0.output == uncertainty.output }
            let bins = output?.interval?.bins ?? output?.pValues.first?.table.bins ?? .whole
            let value = index(of: uncertainty.output)
            return ObservationStep.Entry(
                bins: reader(entry, uncertainty, bins),
                value: value,
                lower: uncertainty.lower.map(index(of:)) ?? -1,
                upper: uncertainty.upper.map(index(of:)) ?? -1,
                sigma: uncertainty.sigma.map(index(of:)) ?? -1,
                members: manifest.outputs[value].signature.elementCount
            )
        }
        return ObservationStep(entries: entries, learner: learner, generation: generation)
    }

    private func scale(_ entry: Manifest.Uncertainty) -> RegionStep.Scale {
        if let lower = entry.lower, let upper = entry.upper {
            return .quantiles(lower: index(of: lower), upper: index(of: upper))
        }
        return entry.sigma.map { .sigma(index(of: $0)) } ?? .one
    }

    private func index(of name: String) -> Int {
        guard let index = manifest.outputs.firstIndex(where: { $0.signature.name == name }) else {
            preconditionFailure("the manifest's reader checked that output \(name) exists")
        }
        return index
    }

    private func unit(_ output: Int) -> String { manifest.outputs[output].unit }

    private func reader(
        _ entry: Int,
        _ uncertainty: Manifest.Uncertainty,
        _ bins: MondrianGrid
    ) -> BinReader {
        BinReader(
            zip(uncertainty.bins, bins.axes).enumerated().map { axis, pair in
                AxisReader(
                    source: source(
                        pair.0.column,
                        slot: ModelService.binSlot(entry: entry, axis: axis)
                    ),
                    bins: pair.1
                )
            },
            bins
        )
    }

    private func source(_ column: Manifest.BinColumn, slot: Int) -> AxisReader.Source {
        switch column {
        case .output(let name):
            return .output(index: index(of: name))
        case .request:
            return .request(slot: slot)
        case .input(let tensor, let feature):
            let inputs = manifest.inputs
            guard let input = inputs.firstIndex(where: { $0.signature.name == tensor }),
                let component = inputs[input].features.firstIndex(where: { $0.name == feature })
            else { preconditionFailure("the manifest's reader checked the bin column") }
            return .input(
                index: input,
                elements: inputs[input].signature.elementCount,
                component: component
            )
        }
    }
}

/// Sections of an output in the making; -1 where it has none.
private struct OutputSections {
    let value: Int
    let lower: Int
    let upper: Int
    let flags: Int
    let set: Int
    let aleatoric: Int
    let epistemic: Int
}

/// A plan in the making.
private struct Draft: Sendable {
    var sections: [AnswerLayout.Section] = []
    var outputs: [AnswerLayout.Output] = []
    var regions: [AnswerLayout.Region] = []
    var pValues: [AnswerLayout.PValue] = []
    var ratio: Int?
    var intervals: [IntervalStep] = []
    var regionSteps: [RegionStep] = []
    var binary: BinaryStep?
    var anomaly: AnomalyStep?
    var others: [any AnswerStep] = []
    var rawCopies: [AnswerPlan.RawCopy] = []

    mutating func add(_ section: AnswerLayout.Section) -> Int {
        sections.append(section)
        return sections.count - 1
    }

    mutating func addOutput(
        _ name: String,
        unit: String,
        method: String,
        hasCoverage: Bool,
        hasInterval: Bool = false,
        hasDoubt: Bool = false,
        classes: [String] = []
    ) -> OutputSections {
        let scalar = AnswerLayout.Section(type: .float32, shape: [])
        let isSet = !classes.isEmpty
        let value = add(isSet ? .init(type: .float32, shape: [classes.count]) : scalar)
        let lower = hasInterval ? add(scalar) : -1
        let upper = hasInterval ? add(scalar) : -1
        let flags = add(.init(type: .uint8, shape: []))
        let set = isSet ? add(.init(type: .uint8, shape: [classes.count])) : -1
        let aleatoric = hasDoubt ? add(scalar) : -1
        let epistemic = hasDoubt ? add(scalar) : -1
        outputs.append(
            .init(
                name: name,
                unit: unit,
                method: method,
                hasCoverage: hasCoverage,
                value: value,
                lower: hasInterval ? lower : nil,
                upper: hasInterval ? upper : nil,
                flags: flags,
                set: isSet ? set : nil,
                classes: classes,
                doubt: hasDoubt ? .init(aleatoric: aleatoric, epistemic: epistemic) : nil
            )
        )
        return OutputSections(
            value: value,
            lower: lower,
            upper: upper,
            flags: flags,
            set: set,
            aleatoric: aleatoric,
            epistemic: epistemic
        )
    }

    mutating func addPValue(_ name: String) -> Int {
        let section = add(.init(type: .float32, shape: []))
        pValues.append(.init(name: name, method: "conformal", value: section))
        return section
    }

    func plan(provenance: Provenance) -> AnswerPlan {
        AnswerPlan(
            layout: AnswerLayout(
                outputs: outputs,
                regions: regions,
                pValues: pValues,
                logLikelihoodRatio: ratio,
                sections: sections,
                provenance: provenance
            ),
            intervals: intervals,
            regions: regionSteps,
            binary: binary,
            anomaly: anomaly,
            others: others,
            rawCopies: rawCopies
        )
    }
}

extension OutputCalibration {
    /// The p-values against a class, or nil.
    func table(_ name: String) -> ConformalPValues? {
        pValues.first { $0.name == name }?.table
    }
}
