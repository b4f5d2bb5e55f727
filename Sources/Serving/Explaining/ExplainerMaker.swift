internal import Catalog
internal import Execution
internal import Explanations
internal import Tensors

/// Makes what explains a version from its manifest, its files and its engine.
struct ExplainerMaker {
    private let source: ModelSource
    private let explanation: Manifest.Explanation
    private let engine: any Engine
    private let gradient: Result<any Engine, ExplanationAbsence>?
    private let ranges: [[ShapeProbe.Range]]
    private let background: Background?

    /// Reads the background, where there is one.
    init(
        _ source: ModelSource,
        _ explanation: Manifest.Explanation,
        engine: any Engine,
        gradient: Result<any Engine, ExplanationAbsence>?,
        ranges: [[ShapeProbe.Range]]
    ) throws(ExplanationAbsence) {
        if let problem = source.explanation?.problem { throw ExplanationAbsence(problem) }
        self.source = source
        self.explanation = explanation
        self.engine = engine
        self.gradient = gradient
        self.ranges = ranges
        background = try Self.background(source)
    }

    /// Rows of the background; 0 where there is none.
    var backgroundRows: Int { background?.rows ?? 0 }

    /// All methods but pulls are for one dense float32 input.
    private var input: Manifest.Input { source.manifest.inputs[0] }
    private var features: Int { input.signature.elementCount }

    func make() throws(ExplanationAbsence) -> any EventExplainer {
        do {
            switch explanation.method {
            case .treePath:
                return try structural(nil)
            case .treeInterventional:
                return try structural(try neededBackground().numbers)
            case .shapley(let permutations):
                return RowExplainer(
                    try shapley(try neededBackground(), permutations),
                    nonfinite: input.nonfinite
                )
            case .occlusion(let groups):
                let occlusion = try Occlusion(groups: try self.groups(groups), baseline: baseline())
                return RowExplainer(.occlusion(occlusion), nonfinite: input.nonfinite)
            case .gradientInput:
                return GradientExplainer(
                    try .gradientTimesInput(features: features),
                    try graph()
                )
            case .integratedGradients(_, let steps):
                return GradientExplainer(
                    try IntegratedGradients(baseline: baseline(), steps: steps),
                    try graph()
                )
            case .pulls:
                return PullsExplainer(width: pullsCount)
            }
        } catch let error as ExplanationAbsence {
            throw error
        } catch {
            throw ExplanationAbsence("\(error)")
        }
    }

    private var pullsCount: Int {
        source.manifest.outputs.first { $0.signature.name == explanation.output }?.signature
            .elementCount ?? 0
    }

    private func structural(_ background: [Float]?) throws -> any EventExplainer {
        guard let found = try engine.makeExplainer(background: background) else {
            throw ExplanationAbsence("the engine finds no shares in its artefact")
        }
        return StructuralExplainer(found, features: features, nonfinite: input.nonfinite)
    }

    private func shapley(
        _ background: Background,
        _ permutations: Int
    ) throws -> RowExplainer.Method {
        if features <= Manifest.Explanation.exactFeatures {
            return .exact(try ExactShapley(background: background))
        }
        return .permutation(try PermutationShapley(background: background, pairs: permutations))
    }

    private func groups(_ groups: Manifest.Explanation.Groups) throws -> FeatureGroups {
        let shape = input.signature.shape
        switch groups {
        case .each: return try .each(features: features)
        case .named(let groups):
            return try FeatureGroups(groups.map(\.features), features: features)
        case .patches(let side):
            return try .patches(
                channels: shape.count > 2 ? shape[0] : 1,
                height: shape[shape.count - 2],
                width: shape[shape.count - 1],
                side: side
            )
        }
    }

    /// The background's mean where there is a background, else zeros.
    private func baseline() -> [Float] {
        background?.mean() ?? [Float](repeating: 0, count: features)
    }

    private func neededBackground() throws -> Background {
        guard let background else {
            throw ExplanationAbsence(
                "there is no background: \(source.version)/\(ModelFolder.backgroundName), which `vigil background` writes"
            )
        }
        return background
    }

    /// The background beside the artefact, if it is of this model's input.
    private static func background(
        _ source: ModelSource
    ) throws(ExplanationAbsence) -> Background? {
        guard let bytes = source.explanation?.background?.bytes else { return nil }
        let input = source.manifest.inputs[0]
        let file: BackgroundFile
        do {
            file = try BackgroundFile(json: bytes)
        } catch {
            throw ExplanationAbsence("\(source.version)/\(ModelFolder.backgroundName): \(error)")
        }
        let own =
            "\(source.manifest.name), input \(input.signature.name) of shape \(input.signature.shape)"
        guard file.model == source.manifest.name, file.input == input.signature.name,
            file.shape == input.signature.shape
        else {
            throw ExplanationAbsence(
                "\(source.version)/\(ModelFolder.backgroundName) is of \(file.model), input \(file.input) of shape \(file.shape), allowed is \(own)"
            )
        }
        guard input.nonfinite == .missing || !file.background.numbers.contains(where: \.isNaN)
        else {
            throw ExplanationAbsence(
                "\(source.version)/\(ModelFolder.backgroundName) has missing values, which the input does not take"
            )
        }
        return file.background
    }

    private func graph() throws -> GradientGraph {
        guard let gradient else { throw ExplanationAbsence("there is no gradient graph") }
        let engine = try gradient.get()
        return try GradientGraph(
            engine,
            input: input.signature,
            manifest: source.manifest,
            ranges: ranges
        )
    }
}
