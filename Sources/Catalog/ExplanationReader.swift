internal import StrictYAML
internal import Tensors

/// Reads `explain` and checks it against the engine, the inputs and the outputs.
struct ExplanationReader {
    /// Where the manifest does not say.
    private static let usualSeconds = 10.0
    private static let usualPermutations = 64
    private static let usualSteps = 32
    /// Groups of an occlusion.
    private static let mostGroups = 4_096

    private enum Method: String, CaseIterable {
        case treePath = "tree-path"
        case treeInterventional = "tree-interventional"
        case shapley
        case occlusion
        case gradientInput = "gradient-input"
        case integratedGradients = "integrated-gradients"
        case pulls
    }

    private let engine: Manifest.EngineKind
    private let inputs: [Manifest.Input]
    private let outputs: [Manifest.Output]

    static func read(
        _ value: YAMLValue?,
        engine: Manifest.EngineKind,
        inputs: [Manifest.Input],
        outputs: [Manifest.Output]
    ) throws(YAMLError) -> Manifest.Explanation? {
        guard let value else { return nil }
        var mapping = try value.mapping()
        let reader = ExplanationReader(engine: engine, inputs: inputs, outputs: outputs)
        let methodValue = try mapping.require("method")
        let method = try methodValue.choice(Method.self)
        let output = try reader.output(&mapping, method)
        let found = try reader.method(method, at: methodValue, &mapping)
        let seconds = try mapping.take("seconds")?.double(in: 0.001...600) ?? usualSeconds
        try mapping.finish()
        return Manifest.Explanation(output: output, method: found, seconds: seconds)
    }

    /// The output explained: one number an event.
    private func output(
        _ mapping: inout YAMLMapping,
        _ method: Method
    ) throws(YAMLError) -> String {
        if method == .pulls { return try pulls(try mapping.require("pulls")) }
        let value = try mapping.require("output")
        let name = try value.string(maximumBytes: 200)
        let isTree = method == .treePath || method == .treeInterventional
        let allowed = outputs.filter {
            $0.signature.elementCount == 1 && Self.isReal($0.signature.type)
                && (!isTree || $0.signature.name == "margin")
        }.map(\.signature.name)
        guard allowed.contains(name) else {
            let what = isTree ? "margin, which shares add up to" : "outputs of one number an event"
            throw value.error(
                "found '\(name)', allowed for \(method.rawValue) is \(what): \(allowed.isEmpty ? "none" : allowed.joined(separator: ", "))"
            )
        }
        return name
    }

    private func method(
        _ method: Method,
        at place: YAMLValue,
        _ mapping: inout YAMLMapping
    ) throws(YAMLError) -> Manifest.Explanation.Method {
        if method == .pulls { return .pulls }
        let input = try onlyInput(place, method)
        let features = input.signature.elementCount
        switch method {
        case .treePath, .treeInterventional:
            guard engine == .tree else {
                throw place.error(
                    "found \(method.rawValue), allowed for \(engine.rawValue) are shapley, occlusion, gradient-input, integrated-gradients, pulls"
                )
            }
            return method == .treePath ? .treePath : .treeInterventional
        case .shapley:
            let value = mapping.take("permutations")
            if let value, features <= Manifest.Explanation.exactFeatures {
                throw value.error(
                    "found permutations of \(features) features, allowed above \(Manifest.Explanation.exactFeatures): up to there the values are exact"
                )
            }
            let permutations = try value?.int(in: 2...4096) ?? Self.usualPermutations
            return .shapley(permutations: permutations)
        case .occlusion:
            return .occlusion(try groups(&mapping, of: input, at: place))
        case .gradientInput:
            return .gradientInput(gradient: try gradient(&mapping, place))
        case .integratedGradients:
            let gradient = try gradient(&mapping, place)
            let steps = try mapping.take("steps")?.int(in: 1...256) ?? Self.usualSteps
            return .integratedGradients(gradient: gradient, steps: steps)
        case .pulls:
            preconditionFailure("pulls were read")
        }
    }

    /// Rows made of an event's features are those of one dense float32 tensor.
    private func onlyInput(
        _ place: YAMLValue,
        _ method: Method
    ) throws(YAMLError) -> Manifest.Input {
        guard inputs.count == 1, inputs[0].raggedMaximum == nil,
            inputs[0].signature.type == .float32
        else {
            let found =
                inputs.count > 1
                ? "\(inputs.count) inputs"
                : "\(inputs[0].raggedMaximum == nil ? "" : "a ragged ")\(inputs[0].signature.type.name) input"
            throw place.error(
                "found \(method.rawValue) and \(found), allowed is one float32 input that is not ragged, or the method pulls"
            )
        }
        return inputs[0]
    }

    private func gradient(
        _ mapping: inout YAMLMapping,
        _ place: YAMLValue
    ) throws(YAMLError) -> String {
        guard engine == .onnx else {
            throw place.error(
                "trees have no gradients, allowed for them are tree-path, tree-interventional, shapley, occlusion"
            )
        }
        return try ManifestReader.readFileName(try mapping.require("gradient"))
    }

    private func pulls(_ value: YAMLValue) throws(YAMLError) -> String {
        let name = try value.string(maximumBytes: 200)
        let allowed = outputs.filter { Self.isReal($0.signature.type) }.map(\.signature.name)
        guard allowed.contains(name) else {
            throw value.error(
                "found '\(name)', allowed are outputs of float32 or float64: \(allowed.isEmpty ? "none" : allowed.joined(separator: ", "))"
            )
        }
        return name
    }

    /// Patches of an image; of anything else groups by name, or every feature by itself.
    private func groups(
        _ mapping: inout YAMLMapping,
        of input: Manifest.Input,
        at place: YAMLValue
    ) throws(YAMLError) -> Manifest.Explanation.Groups {
        let shape = input.signature.shape
        let patch = mapping.take("patch")
        let groups = mapping.take("groups")
        guard shape.count < 2 else {
            guard shape.count <= 3 else {
                throw place.error(
                    "found an input of shape \(shape), allowed are vectors and images [height, width] or [channels, height, width]"
                )
            }
            if let groups { throw groups.error("groups are for vectors, images have 'patch'") }
            guard let patch else {
                throw place.error("the key 'patch' is missing: pixels along a side")
            }
            return .patches(
                side: try patch.int(in: 1...max(shape[shape.count - 1], shape[shape.count - 2]))
            )
        }
        if let patch {
            throw patch.error("patches are for images, allowed for a vector is 'groups'")
        }
        guard let groups else { return .each }
        return .named(try named(groups, input))
    }

    private func named(
        _ value: YAMLValue,
        _ input: Manifest.Input
    ) throws(YAMLError) -> [Manifest.Explanation.Named] {
        var mapping = try value.mapping()
        let names = input.features.map(\.name)
        guard !names.isEmpty else {
            throw value.error("groups are of features by name, and the input names none")
        }
        var groups: [Manifest.Explanation.Named] = []
        for (name, list) in mapping.takeAll() {
            guard !name.isEmpty, name.utf8.count <= 100 else {
                throw list.error("found a name of \(name.utf8.count) bytes, allowed are 1 to 100")
            }
            var members: [Int] = []
            for entry in try list.list(count: 1...names.count) {
                let feature = try entry.string(maximumBytes: 100)
                guard let place = names.firstIndex(of: feature) else {
                    throw entry.error(
                        "found '\(feature)', allowed are \(names.joined(separator: ", "))"
                    )
                }
                guard !members.contains(place),
                    !groups.contains(where: { $0.features.contains(place) })
                else { throw entry.error("the feature '\(feature)' stands twice") }
                members.append(place)
            }
            groups.append(.init(name: name, features: members))
        }
        guard (1...Self.mostGroups).contains(groups.count) else {
            throw value.error("found \(groups.count) groups, allowed are 1 to \(Self.mostGroups)")
        }
        return groups
    }

    private static func isReal(_ type: ElementType) -> Bool { type == .float32 || type == .float64 }
}
