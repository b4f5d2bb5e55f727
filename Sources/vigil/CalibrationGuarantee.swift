import Calibration

/// What is proven of a calibration's answers, and what only measured, in words.
enum CalibrationGuarantee {
    private static let halves =
        "Coverage and p-values are measured in halves: of each bin one half of the events, drawn by lot, calibrates and the other is tested; the file calibrates with all events, widths are its own. A band is the beta-binomial law of both halves; a right calibration leaves those of a table, all its cells together, at most once in a hundred. The lot makes the halves exchangeable whatever the events are: bands prove scores, ranks, ties and bins, not that events to come are like these."
    private static let intervals =
        "Intervals, limits and ellipses are split conformal: those of an event that is exchangeable with the calibration events of its bin hold the truth at least as often as asked. Given the calibration, and for scores without ties, their coverage is Beta(k, n + 1 - k) distributed, n the bin's events and k = ceil((n + 1) coverage)."
    private static let twoEnds =
        "Of cqr-asymmetric that law holds for each end, at half the miscoverage; the band of the interval is made of both and wider than exact."
    private static let pValues =
        "P-values are conformal: for an event that is exchangeable with the calibration events of its class and bin, P(p <= t) is at most t. Given the calibration, and for scores without ties, it is Beta(j, n + 1 - j) distributed, j = floor((n + 1) t); no p-value is below 1 / (n + 1)."
    private static let weighted =
        "Weighted intervals hold the truth of an event of the data at least as often as asked if the weights are the ratio of the data's density to the calibration's; with estimated weights that is as true as they are. The Beta law does not hold of them, and nothing held out of the calibration shows it. Effective events say how many of one weight say as much."
    private static let sets =
        "Of sets of classes the p-values are those of every class's own events: a class is in the set where its p-value is above 1 - coverage."
    private static let probabilities =
        "Probabilities have no such law. Of the Venn-ABERS pair the one of the event's own label is calibrated, at the prior of the calibration events and over all bins together; that the one probability answered is calibrated, only its losses and its reliability on folds held out show. Bands of reliability are approximate: they count a curve as if each bin of probability had been learned apart."

    /// What holds of the file's answers.
    static func texts(_ file: CalibrationFile) -> [String] {
        let kinds = file.outputs.flatMap(\.kinds)
        func has(_ isOne: (OutputCalibration.Kind) -> Bool) -> Bool { kinds.contains(where: isOne) }
        var texts = [halves]
        if has({ if case .interval = $0 { true } else { false } }) { texts.append(intervals) }
        if file.outputs.contains(where: { $0.interval?.method == .cqrAsymmetric }) {
            texts.append(twoEnds)
        }
        if has({ if case .pValues = $0 { true } else { false } }) { texts.append(pValues) }
        if has({ if case .sets = $0 { true } else { false } }) { texts.append(sets) }
        if has({ if case .weightedInterval = $0 { true } else { false } }) {
            texts.append(weighted)
        }
        if has({ if case .vennAbers = $0 { true } else { false } }) { texts.append(probabilities) }
        return texts
    }
}
