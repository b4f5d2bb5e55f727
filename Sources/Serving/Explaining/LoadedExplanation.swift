internal import Catalog
internal import Execution
internal import Explanations
internal import Messages
internal import Tensors

/// How the scores of one version are explained, ready to be done.
struct LoadedExplanation: Sendable {
    /// The output that is explained, by the manifest's order.
    let rawOutput: Int
    /// Numbers of the rows that are made of an event; 1 where none are.
    let rowFeatures: Int
    /// Whether what is found depends on the events' ids.
    let needsEventIds: Bool
    /// What one event takes, estimated.
    let nanosecondsPerEvent: UInt64
    /// What a reply says of every request.
    private let common: Attributions
    private let explainer: any EventExplainer

    init(
        _ source: ModelSource,
        _ description: ExplanationDescription,
        _ explainer: any EventExplainer,
        plan: MicroBatchPlan
    ) {
        let manifest = source.manifest
        let output = manifest.outputs.firstIndex { $0.signature.name == description.output }
        guard let output else { preconditionFailure("the manifest's reader found the output") }
        rawOutput = output
        let isPulls = description.method == "pulls"
        rowFeatures = isPulls ? 1 : manifest.inputs[0].signature.elementCount
        needsEventIds = description.method == "permutation-shapley"
        let run = Double(plan.nanoseconds(for: plan.bestRows)) / Double(plan.bestRows)
        let total = Double(explainer.modelRuns) * run + explainer.nanosecondsPerEvent
        nanosecondsPerEvent = max(1, UInt64(total))
        var common = Attributions()
        common.output = description.output
        // A squared pull has none.
        common.unit = isPulls ? "1" : manifest.outputs[output].unit
        common.method = description.method
        common.features = description.features
        common.evaluations = explainer.evaluations
        common.background = description.background
        common.gradient = description.gradient
        self.common = common
        self.explainer = explainer
    }

    /// Times that the model, or the gradient graph, runs for one event.
    var evaluations: Int { common.evaluations }

    /// Shares of an event.
    var width: Int { common.features.count }

    /// Explains the events of a job.
    func explain(_ job: ExplanationJob, by rows: ModelRows) throws(Refusal) -> Attributions {
        let shares = try explainer.explain(job, by: rows)
        var attributions = common
        attributions.value = shares.value
        attributions.error = shares.error
        attributions.score = shares.score
        attributions.base = shares.base
        attributions.residual = shares.residual
        return attributions
    }
}

extension ExplanationDescription {
    /// What manifest and files tell.
    init(_ source: ModelSource, _ explanation: Manifest.Explanation) {
        self.init()
        let manifest = source.manifest
        let input = manifest.inputs[0]
        output = explanation.output
        method = explanation.name(features: input.signature.elementCount)
        limitNanoseconds = Int(explanation.seconds * 1e9)
        background = source.explanation?.background?.digest
        gradient = source.explanation?.gradient?.digest
        switch explanation.method {
        case .occlusion(.named(let groups)):
            features = groups.map(\.name)
        case .occlusion(.patches(let side)):
            let shape = input.signature.shape.suffix(2).map { $0 }
            features = ShareNames.patches(height: shape[0], width: shape[1], side: side)
        case .pulls:
            let shape =
                manifest.outputs.first { $0.signature.name == explanation.output }?.signature.shape
            let own = ShareNames.each(input)
            let places = ShareNames.places(shape ?? [])
            features = own.count == places.count ? own : places
        default:
            features = ShareNames.each(input)
        }
    }
}

extension Manifest.Explanation {
    /// The method's name in replies.
    fileprivate func name(features: Int) -> String {
        switch method {
        case .treePath: "tree-path"
        case .treeInterventional: "tree-interventional"
        case .shapley:
            features <= Self.exactFeatures ? "exact-shapley" : "permutation-shapley"
        case .occlusion: "occlusion"
        case .gradientInput: "gradient-input"
        case .integratedGradients: "integrated-gradients"
        case .pulls: "pulls"
        }
    }
}
