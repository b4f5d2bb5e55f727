internal import Messages
internal import Tensors

/// Sections of an output in the making; -1 where it has none.
struct OutputSections {
    let value: Int
    let lower: Int
    let upper: Int
    let flags: Int
    let set: Int
    let aleatoric: Int
    let epistemic: Int

    /// Those of an interval.
    var interval: IntervalSections {
        IntervalSections(value: value, lower: lower, upper: upper, flags: flags)
    }
}

/// A plan in the making.
struct AnswerDraft: Sendable {
    var sections: [AnswerLayout.Section] = []
    var outputs: [AnswerLayout.Output] = []
    var regions: [AnswerLayout.Region] = []
    var pValues: [AnswerLayout.PValue] = []
    var ratio: Int?
    var steps: [any AnswerStep] = []
    var regionSteps: [RegionStep] = []
    var observation: ObservationStep?
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

    private func layout(_ provenance: Provenance) -> AnswerLayout {
        AnswerLayout(
            outputs: outputs,
            regions: regions,
            pValues: pValues,
            logLikelihoodRatio: ratio,
            sections: sections,
            provenance: provenance
        )
    }

    func plan(provenance: Provenance) -> AnswerPlan {
        AnswerPlan(
            layout: layout(provenance),
            byDevices: provenance.byDevices.map(layout),
            steps: steps,
            regions: regionSteps,
            observation: observation,
            rawCopies: rawCopies
        )
    }
}
