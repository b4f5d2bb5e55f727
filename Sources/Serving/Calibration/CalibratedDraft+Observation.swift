internal import Calibration
internal import Catalog
internal import Messages
internal import Tensors

extension CalibratedDraft {
    /// What is observed of every output.
    func observation(
        _ calibration: LoadedCalibration,
        of draft: AnswerDraft,
        learner: LiveCalibration,
        generation: Int
    ) -> ObservationStep {
        var first = 0
        var entries: [ObservationStep.Entry] = []
        for (entry, uncertainty) in manifest.uncertainty.enumerated() {
            let output = calibration.file.outputs.first { $0.output == uncertainty.output }
            let bins = output?.interval?.bins ?? output?.pValues.first?.table.bins ?? .whole
            entries.append(
                ObservationStep.Entry(
                    bins: reader(entry, uncertainty, bins),
                    source: source(uncertainty, output, section: draft.outputs[entry].value),
                    weights: output?.weighted.flatMap { weights(entry, uncertainty, $0) },
                    places: first..<first + uncertainty.observations
                )
            )
            first += uncertainty.observations
        }
        return ObservationStep(
            entries: entries,
            width: first,
            coverage: manifest.coverage,
            learner: learner,
            generation: generation
        )
    }

    /// Where the observations of an output are found, whose answer's values are a section.
    private func source(
        _ uncertainty: Manifest.Uncertainty,
        _ output: OutputCalibration?,
        section: Int
    ) -> ObservationStep.Source {
        if let sets = output?.sets {
            return .classes(
                SetScores(score: sets.score, classes: sets.classes, section: section)
            )
        }
        let value = index(of: uncertainty.output)
        let sigma = uncertainty.sigma.map(index(of:)) ?? -1
        if uncertainty.method == .ensemble {
            let members = raw(uncertainty.output).signature.elementCount
            return .members(means: value, sigmas: sigma, count: members)
        }
        return .outputs(
            value: value,
            lower: uncertainty.lower.map(index(of:)) ?? -1,
            upper: uncertainty.upper.map(index(of:)) ?? -1,
            sigma: sigma
        )
    }
}
