internal import Calibration
internal import Catalog
internal import Messages
internal import Tensors

/// Adds the calibrated outputs of a manifest to a plan in the making.
struct CalibratedDraft {
    let manifest: Manifest

    /// Adds the output of an entry of the manifest; false if the calibration has not what it needs.
    func add(
        _ entry: Int,
        _ uncertainty: Manifest.Uncertainty,
        _ output: OutputCalibration,
        to draft: inout AnswerDraft
    ) -> Bool {
        switch uncertainty.method {
        case .absolute, .normalised, .cqr, .cqrAsymmetric:
            addInterval(entry, uncertainty, output, to: &draft)
        case .ensemble:
            addEnsemble(entry, uncertainty, output, to: &draft)
        case .lac, .aps, .raps:
            addSets(entry, uncertainty, output, to: &draft)
        case .vennAbers, .temperature, .platt, .beta, .isotonic, .best:
            addBinary(entry, uncertainty, output, to: &draft)
        case .pValue:
            addAnomaly(entry, uncertainty, output, to: &draft)
        }
    }

    private func addInterval(
        _ entry: Int,
        _ uncertainty: Manifest.Uncertainty,
        _ output: OutputCalibration,
        to draft: inout AnswerDraft
    ) -> Bool {
        guard let conformal = output.interval else { return false }
        let value = index(of: uncertainty.output)
        let place = draft.addOutput(
            uncertainty.output,
            unit: raw(uncertainty.output).unit,
            method: (uncertainty.weight == nil ? "" : "weighted ") + uncertainty.method.rawValue,
            hasCoverage: true,
            hasInterval: true
        )
        let outputs = IntervalOutputs(
            value: value,
            lower: uncertainty.lower.map(index(of:)) ?? -1,
            upper: uncertainty.upper.map(index(of:)) ?? -1,
            sigma: uncertainty.sigma.map(index(of:)) ?? -1
        )
        guard uncertainty.weight != nil else {
            draft.steps.append(
                IntervalStep(
                    conformal: conformal,
                    usualCoverage: manifest.coverage,
                    bins: reader(entry, uncertainty, conformal.bins),
                    outputs: outputs,
                    output: draft.outputs.count - 1,
                    sections: place.interval
                )
            )
            return true
        }
        guard let weighted = output.weighted, let weights = weights(entry, uncertainty, weighted)
        else { return false }
        draft.steps.append(
            WeightedStep(
                calibration: weighted,
                bins: reader(entry, uncertainty, conformal.bins),
                weights: weights,
                outputs: outputs,
                output: draft.outputs.count - 1,
                sections: place.interval
            )
        )
        return true
    }

    private func addBinary(
        _ entry: Int,
        _ uncertainty: Manifest.Uncertainty,
        _ output: OutputCalibration,
        to draft: inout AnswerDraft
    ) -> Bool {
        let tables = uncertainty.classes.compactMap { output.table($0.name) }
        guard let vennAbers = output.vennAbers, let method = output.binaryMethod, tables.count == 2
        else { return false }
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
        draft.steps.append(
            BinaryStep(
                vennAbers: vennAbers,
                curve: output.curve,
                pValues: (tables[0], tables[1]),
                bins: reader(entry, uncertainty, tables[0].bins),
                score: index(of: uncertainty.output),
                sections: .init(
                    interval: place.interval,
                    ratio: ratio,
                    pValues: (sections[0], sections[1])
                )
            )
        )
        return true
    }

    private func addAnomaly(
        _ entry: Int,
        _ uncertainty: Manifest.Uncertainty,
        _ output: OutputCalibration,
        to draft: inout AnswerDraft
    ) -> Bool {
        guard let table = output.table(uncertainty.classes[0].name) else { return false }
        let score = index(of: uncertainty.output)
        let place = draft.addOutput(
            uncertainty.output,
            unit: raw(uncertainty.output).unit,
            method: uncertainty.method.rawValue,
            hasCoverage: false
        )
        let section = draft.addPValue(uncertainty.classes[0].name)
        draft.steps.append(
            AnomalyStep(
                pValues: table,
                bins: reader(entry, uncertainty, table.bins),
                score: score,
                sections: (place.value, place.flags, section)
            )
        )
        return true
    }

    private func addEnsemble(
        _ entry: Int,
        _ uncertainty: Manifest.Uncertainty,
        _ output: OutputCalibration,
        to draft: inout AnswerDraft
    ) -> Bool {
        guard let conformal = output.interval, let sigma = uncertainty.sigma else { return false }
        let means = index(of: uncertainty.output)
        let place = draft.addOutput(
            uncertainty.output,
            unit: raw(uncertainty.output).unit,
            method: uncertainty.method.rawValue,
            hasCoverage: true,
            hasInterval: true,
            hasDoubt: true
        )
        draft.steps.append(
            EnsembleStep(
                conformal: conformal,
                usualCoverage: manifest.coverage,
                bins: reader(entry, uncertainty, conformal.bins),
                means: means,
                sigmas: index(of: sigma),
                members: raw(uncertainty.output).signature.elementCount,
                output: draft.outputs.count - 1,
                sections: .init(
                    interval: place.interval,
                    aleatoric: place.aleatoric,
                    epistemic: place.epistemic
                )
            )
        )
        return true
    }

    private func addSets(
        _ entry: Int,
        _ uncertainty: Manifest.Uncertainty,
        _ output: OutputCalibration,
        to draft: inout AnswerDraft
    ) -> Bool {
        guard let sets = output.sets else { return false }
        let probabilities = index(of: uncertainty.output)
        let shape = raw(uncertainty.output).signature.shape
        let members = shape.count > 1 ? shape[0] : 1
        let place = draft.addOutput(
            uncertainty.output,
            unit: raw(uncertainty.output).unit,
            method: uncertainty.method.rawValue,
            hasCoverage: true,
            hasDoubt: members > 1,
            classes: uncertainty.classes.map(\.name)
        )
        draft.steps.append(
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
        to draft: inout AnswerDraft
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
                unit: raw(region.outputs[0]).unit,
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

    /// What weighs the events of an output; nil where nothing does.
    func weights(
        _ entry: Int,
        _ uncertainty: Manifest.Uncertainty,
        _ calibration: WeightedConformal
    ) -> WeightReader? {
        uncertainty.weight.map { weight in
            WeightReader(
                calibration,
                column: source(weight.column, slot: ColumnSlots.weight(entry: entry)),
                usualCoverage: manifest.coverage
            )
        }
    }

    private func scale(_ entry: Manifest.Uncertainty) -> RegionStep.Scale {
        if let lower = entry.lower, let upper = entry.upper {
            return .quantiles(lower: index(of: lower), upper: index(of: upper))
        }
        return entry.sigma.map { .sigma(index(of: $0)) } ?? .one
    }

    /// Which of the engine's outputs holds the numbers of a raw output as float32.
    func index(of name: String) -> Int {
        WidenedEngine.place(of: place(of: name), among: manifest.outputs.map(\.signature))
    }

    /// A raw output by its name.
    func raw(_ name: String) -> Manifest.Output { manifest.outputs[place(of: name)] }

    private func place(of name: String) -> Int {
        guard let place = manifest.outputs.firstIndex(where: { $0.signature.name == name }) else {
            preconditionFailure("the manifest's reader checked that output \(name) exists")
        }
        return place
    }

    func reader(
        _ entry: Int,
        _ uncertainty: Manifest.Uncertainty,
        _ bins: MondrianGrid
    ) -> BinReader {
        BinReader(
            zip(uncertainty.bins, bins.axes).enumerated().map { axis, pair in
                AxisReader(
                    source: source(
                        pair.0.column,
                        slot: ColumnSlots.bin(entry: entry, axis: axis)
                    ),
                    bins: pair.1
                )
            },
            bins
        )
    }

    func source(_ column: Manifest.BinColumn, slot: Int) -> AxisReader.Source {
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

extension OutputCalibration {
    /// The p-values against a class, or nil.
    func table(_ name: String) -> ConformalPValues? {
        pValues.first { $0.name == name }?.table
    }
}
