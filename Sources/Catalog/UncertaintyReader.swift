internal import StrictYAML
internal import Tensors

/// Reads `uncertainty` and checks it against the task, the inputs and the outputs.
struct UncertaintyReader {
    struct Outcome {
        var isRequired = false
        var coverage = 0.9
        var entries: [Manifest.Uncertainty] = []
        var regions: [Manifest.Region] = []
    }

    /// Bins of one output; more would starve each of events.
    private static let mostBins = 4_096
    /// Classes of one output.
    private static let mostClasses = 1_024

    private let task: Manifest.Task
    private let inputs: [Manifest.Input]
    private let outputs: [Manifest.Output]

    static func read(
        _ value: YAMLValue?,
        task: Manifest.Task,
        inputs: [Manifest.Input],
        outputs: [Manifest.Output]
    ) throws(YAMLError) -> Outcome {
        guard let value else { return Outcome() }
        var mapping = try value.mapping()
        var outcome = Outcome()
        outcome.isRequired = try mapping.take("required")?.bool() ?? true
        outcome.coverage = try mapping.take("coverage")?.double(in: 0.01...0.9999) ?? 0.9
        let reader = UncertaintyReader(task: task, inputs: inputs, outputs: outputs)
        let list = try mapping.require("outputs")
        for entry in try list.list(count: 1...8) {
            let read = try reader.entry(entry)
            guard !outcome.entries.contains(where: { $0.output == read.output }) else {
                throw entry.error("the output '\(read.output)' stands twice")
            }
            outcome.entries.append(read)
        }
        if task != .regression, outcome.entries.count != 1 {
            throw list.error(
                "found \(outcome.entries.count) entries, allowed for \(task.rawValue) is 1"
            )
        }
        if let value = mapping.take("regions") {
            for entry in try value.list(count: 1...4) {
                let region = try reader.region(entry, entries: outcome.entries)
                guard !outcome.regions.contains(where: { $0.outputs == region.outputs }) else {
                    throw entry.error("these two outputs stand twice")
                }
                outcome.regions.append(region)
            }
        }
        try mapping.finish()
        return outcome
    }

    /// Two outputs that have intervals in the same bins and one unit.
    private func region(
        _ value: YAMLValue,
        entries: [Manifest.Uncertainty]
    ) throws(YAMLError) -> Manifest.Region {
        var mapping = try value.mapping()
        let list = try mapping.require("outputs")
        var found: [Manifest.Uncertainty] = []
        for name in try list.list(count: 2...2) {
            let text = try name.string(maximumBytes: 200)
            guard let entry = entries.first(where: { $0.output == text && $0.isScalarInterval })
            else {
                let allowed = entries.filter(\.isScalarInterval).map(\.output).joined(
                    separator: ", "
                )
                throw name.error(
                    "found '\(text)', allowed are outputs with intervals: \(allowed.isEmpty ? "none" : allowed)"
                )
            }
            found.append(entry)
        }
        guard found[0].output != found[1].output else {
            throw list.error("found '\(found[0].output)' twice, allowed are two outputs")
        }
        guard found[0].bins == found[1].bins else {
            throw list.error("the two outputs have different bins")
        }
        let units = found.map { entry in
            outputs.first { $0.signature.name == entry.output }?.unit ?? ""
        }
        guard units[0] == units[1] else {
            throw list.error("found the units \(units[0]) and \(units[1]), allowed is one")
        }
        let coverages = try self.coverages(mapping.take("coverages"))
        try mapping.finish()
        return Manifest.Region(outputs: found.map(\.output), coverages: coverages)
    }

    private func coverages(_ value: YAMLValue?) throws(YAMLError) -> [Double] {
        // One standard deviation of two dimensions, one of one, and nine tenths.
        guard let value else { return [0.393, 0.68, 0.9] }
        var coverages: [Double] = []
        for entry in try value.list(count: 1...8) {
            let coverage = try entry.double(in: 0.01...0.9999)
            guard coverages.last.map({ $0 < coverage }) ?? true else {
                throw entry.error(
                    "found \(coverage) after \(coverages.last ?? 0), allowed are rising coverages"
                )
            }
            coverages.append(coverage)
        }
        return coverages
    }

    private func entry(_ value: YAMLValue) throws(YAMLError) -> Manifest.Uncertainty {
        var mapping = try value.mapping()
        let outputValue = try mapping.require("output")
        let methodValue = try mapping.require("method")
        let method = try methodValue.choice(Manifest.Uncertainty.Method.self)
        guard Self.methods(for: task).contains(method) else {
            let allowed = Self.methods(for: task).map(\.rawValue).joined(separator: ", ")
            throw methodValue.error(
                "found \(method.rawValue), allowed for \(task.rawValue) are \(allowed.isEmpty ? "none" : allowed)"
            )
        }
        let output = try self.output(outputValue, method: method)
        let needsQuantiles = method == .cqr || method == .cqrAsymmetric
        let lower = try companion("lower", of: &mapping, isNeeded: needsQuantiles)
        let upper = try companion("upper", of: &mapping, isNeeded: needsQuantiles)
        let sigma = try sigma(&mapping, method: method, of: output)
        let side = try self.side(&mapping, method: method)
        let bins = try self.bins(mapping.take("bins"))
        let weight = try self.weight(&mapping, method: method)
        let truth = try mapping.require("truth").string(maximumBytes: 100)
        let classes = try self.classes(&mapping, method: method, of: output, at: outputValue)
        let isPenalised = method == .raps
        let penalty = isPenalised ? try mapping.require("penalty").double(in: 0...1000) : 0
        let freeRanks =
            isPenalised ? try mapping.require("free_ranks").int(in: 0...Self.mostClasses) : 0
        try mapping.finish()
        return Manifest.Uncertainty(
            output: output,
            method: method,
            lower: lower,
            upper: upper,
            sigma: sigma,
            side: side,
            bins: bins,
            weight: weight,
            truth: truth,
            classes: classes,
            penalty: penalty,
            freeRanks: freeRanks
        )
    }

    private static func methods(for task: Manifest.Task) -> [Manifest.Uncertainty.Method] {
        switch task {
        case .regression: [.absolute, .normalised, .ensemble, .cqr, .cqrAsymmetric]
        case .binary: [.vennAbers, .temperature, .platt, .beta, .isotonic, .best]
        case .anomaly: [.pValue]
        case .classes: [.lac, .aps, .raps]
        }
    }

    private func companion(
        _ name: String,
        of mapping: inout YAMLMapping,
        isNeeded: Bool
    ) throws(YAMLError) -> String? {
        guard isNeeded else { return nil }
        return try scalar(mapping.require(name))
    }

    /// The output of a method: one number an event, one a member, or one a class.
    private func output(
        _ value: YAMLValue,
        method: Manifest.Uncertainty.Method
    ) throws(YAMLError) -> String {
        switch method {
        case .ensemble: try raw(value, "one float32 a member") { $0.shape.count == 1 }
        case .lac, .aps, .raps:
            try raw(value, "one float32 a class, or one a member and class") {
                (1...2).contains($0.shape.count)
            }
        default: try scalar(value)
        }
    }

    /// The scale of a method that has one: like the output.
    private func sigma(
        _ mapping: inout YAMLMapping,
        method: Manifest.Uncertainty.Method,
        of output: String
    ) throws(YAMLError) -> String? {
        guard method == .ensemble else {
            return try companion("sigma", of: &mapping, isNeeded: method == .normalised)
        }
        let means = outputs.first { $0.signature.name == output }?.signature
        return try raw(mapping.require("sigma"), "as many float32 as '\(output)'") {
            $0.shape == means?.shape
        }
    }

    /// The name of a raw output that holds one float32 an event.
    private func scalar(_ value: YAMLValue) throws(YAMLError) -> String {
        try raw(value, "one float32 an event") { $0.elementCount == 1 }
    }

    /// The name of a raw output of float32, or of 16 bits, that is as `allowed` says.
    private func raw(
        _ value: YAMLValue,
        _ allowed: String,
        isAllowed: (TensorSignature) -> Bool
    ) throws(YAMLError) -> String {
        let name = try value.string(maximumBytes: 200)
        guard let output = outputs.first(where: { $0.signature.name == name }) else {
            let allowed = outputs.map(\.signature.name).joined(separator: ", ")
            throw value.error("found '\(name)', allowed are outputs: \(allowed)")
        }
        guard output.signature.type.isFloat, isAllowed(output.signature) else {
            throw value.error(
                "found '\(name)' of \(output.signature.text), allowed is \(allowed), or as many float16 or bfloat16"
            )
        }
        return name
    }

    private func side(
        _ mapping: inout YAMLMapping,
        method: Manifest.Uncertainty.Method
    ) throws(YAMLError) -> Manifest.Uncertainty.Side {
        switch method {
        case .absolute, .normalised, .ensemble, .cqr:
            return try mapping.take("side")?.choice(Manifest.Uncertainty.Side.self) ?? .both
        default:
            return .both
        }
    }

    /// One axis, or a list of one or two.
    private func bins(_ value: YAMLValue?) throws(YAMLError) -> [Manifest.BinAxis] {
        guard let value else { return [] }
        guard value.isList else { return [try axis(value)] }
        var axes: [Manifest.BinAxis] = []
        for entry in try value.list(count: 1...2) { axes.append(try axis(entry)) }
        let cells = axes.reduce(1) { $0 * ($1.edges.count + 1) }
        guard cells <= Self.mostBins else {
            throw value.error("found \(cells) bins, allowed are \(Self.mostBins)")
        }
        return axes
    }

    /// A column that is cut, or one of the request that is the weight itself.
    private func weight(
        _ mapping: inout YAMLMapping,
        method: Manifest.Uncertainty.Method
    ) throws(YAMLError) -> Manifest.BinAxis? {
        switch method {
        case .absolute, .normalised, .cqr:
            return try mapping.take("weight").map { value throws(YAMLError) in
                try axis(value, mayBeWhole: true)
            }
        default:
            return nil
        }
    }

    /// A column and its edges; those of a request's column may be left out where it may be whole.
    private func axis(
        _ value: YAMLValue,
        mayBeWhole: Bool = false
    ) throws(YAMLError) -> Manifest.BinAxis {
        var mapping = try value.mapping()
        let input = mapping.take("input")
        let feature = mapping.take("feature")
        let output = mapping.take("output")
        let request = mapping.take("request")
        guard [input, output, request].count(where: { $0 != nil }) == 1 else {
            throw mapping.error("exactly one of input, output, request says which column is cut")
        }
        if input == nil, let feature {
            throw feature.error("a feature is a component of an input, and no input is named")
        }
        let column: Manifest.BinColumn
        if let input {
            column = try inputColumn(input, feature: feature)
        } else if let output {
            column = .output(try scalar(output))
        } else if let request {
            column = .request(try request.string(maximumBytes: 100))
        } else {
            preconditionFailure("one of three was counted")
        }
        var edges: [Double] = []
        if mayBeWhole, case .request = column, !mapping.has("edges") {
            try mapping.finish()
            return Manifest.BinAxis(column: column, edges: edges)
        }
        let edgesValue = try mapping.require("edges")
        for entry in try edgesValue.list(count: 1...1000) {
            let edge = try entry.double()
            guard edges.last.map({ $0 < edge }) ?? true else {
                throw entry.error(
                    "found \(edge) after \(edges.last ?? 0), allowed are rising edges"
                )
            }
            edges.append(edge)
        }
        try mapping.finish()
        return Manifest.BinAxis(column: column, edges: edges)
    }

    private func inputColumn(
        _ value: YAMLValue,
        feature: YAMLValue?
    ) throws(YAMLError) -> Manifest.BinColumn {
        let name = try value.string(maximumBytes: 200)
        guard let input = inputs.first(where: { $0.signature.name == name }),
            input.signature.type == .float32, input.raggedMaximum == nil
        else {
            throw value.error("found '\(name)', allowed is a float32 input that is not ragged")
        }
        guard let feature else {
            throw value.error("the key 'feature' is missing: which component of '\(name)'")
        }
        let wanted = try feature.string(maximumBytes: 100)
        guard input.features.contains(where: { $0.name == wanted }) else {
            let allowed = input.features.map(\.name).joined(separator: ", ")
            throw feature.error("found '\(wanted)', allowed are \(allowed)")
        }
        return .input(tensor: name, feature: wanted)
    }

    private func classes(
        _ mapping: inout YAMLMapping,
        method: Manifest.Uncertainty.Method,
        of output: String,
        at place: YAMLValue
    ) throws(YAMLError) -> [Manifest.ClassLabels] {
        let count: Int
        switch method {
        case .vennAbers, .temperature, .platt, .beta, .isotonic, .best: count = 2
        case .pValue: count = 1
        case .absolute, .normalised, .ensemble, .cqr, .cqrAsymmetric: return []
        case .lac, .aps, .raps:
            count = outputs.first { $0.signature.name == output }?.signature.shape.last ?? 0
            guard (2...Self.mostClasses).contains(count) else {
                throw place.error("found \(count) classes, allowed are 2 to \(Self.mostClasses)")
            }
        }
        let value = try mapping.require("classes")
        var classes: [Manifest.ClassLabels] = []
        for entry in try value.list(count: count...count) {
            var one = try entry.mapping()
            let name = try one.require("name").string(maximumBytes: 100)
            var labels: [Double] = []
            for label in try one.require("labels").list(count: 1...64) {
                let number = try label.double()
                guard !classes.contains(where: { $0.labels.contains(number) }) else {
                    throw label.error("the label \(number) belongs to two classes")
                }
                labels.append(number)
            }
            try one.finish()
            guard !classes.contains(where: { $0.name == name }) else {
                throw entry.error("the name '\(name)' stands twice")
            }
            classes.append(.init(name: name, labels: labels))
        }
        return classes
    }
}

extension Manifest.Uncertainty {
    /// Whether it is an interval around one raw output, of events that weigh the same, as regions need.
    fileprivate var isScalarInterval: Bool { isInterval && method != .ensemble && weight == nil }
}
