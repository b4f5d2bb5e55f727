internal import Execution

/// Shares of the margin by the tree explainer, as engines give them.
final class TreeShares: StructureExplainer {
    private let explainer: TreeExplainer
    private var scratch: ExplainerScratch

    /// Explains an ensemble of one margin, by the events trained on where there is no background.
    init(_ ensemble: TreeEnsemble, background: [Float]?) throws(TreeExplainerError) {
        if let background {
            explainer = try TreeExplainer(
                ensemble,
                background: background,
                rows: background.count / ensemble.featureCount
            )
        } else {
            explainer = try TreeExplainer(ensemble)
        }
        precondition(explainer.groupCount == 1, "one margin")
        scratch = ExplainerScratch(for: explainer)
    }

    var base: Double { explainer.baseValues[0] }

    var nanosecondsPerEvent: Double {
        Double(explainer.stepsPerEvent) * TreeExplainer.nanosecondsPerStep
    }

    func shares(_ features: Span<Float>, rows: Int, into shares: inout MutableSpan<Double>) {
        explainer.attributions(features, rows: rows, into: &shares, scratch: &scratch)
    }
}
