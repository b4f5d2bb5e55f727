internal import StrictYAML
internal import Tensors

/// Reads one entry of `inputs`.
enum InputReader {
    static func read(
        _ value: YAMLValue,
        engine: Manifest.EngineKind,
        precision: Precision
    ) throws(YAMLError) -> Manifest.Input {
        var mapping = try value.mapping()
        let signature = try SignatureReader.read(&mapping)
        let unit = try mapping.take("unit")?.string(maximumBytes: 40) ?? "1"
        let meaning = try mapping.take("meaning")?.string(maximumBytes: 1000) ?? ""
        let range = try mapping.take("range").map { value throws(YAMLError) in try readRange(value)
        }
        let features = try readFeatures(mapping.take("features"), signature: signature)
        let raggedMaximum = try readRagged(mapping.take("ragged"), signature: signature)
        let nonfiniteValue = mapping.take("nonfinite")
        let nonfinite = try nonfiniteValue?.choice(Manifest.Nonfinite.self) ?? .refuse
        if nonfinite == .missing, let nonfiniteValue {
            guard engine == .tree else {
                throw nonfiniteValue.error(
                    "found 'missing', allowed for \(engine.rawValue) are refuse, flag"
                )
            }
            guard precision != .fixed else {
                throw nonfiniteValue.error(
                    "found 'missing', allowed in fixed point are refuse, flag: it has no word for one"
                )
            }
        }
        try mapping.finish()
        return Manifest.Input(
            signature: signature,
            unit: unit,
            meaning: meaning,
            features: features,
            nonfinite: nonfinite,
            range: range ?? 0...1,
            raggedMaximum: raggedMaximum
        )
    }

    static func readRange(_ value: YAMLValue) throws(YAMLError) -> ClosedRange<Double> {
        let ends = try value.list(count: 2...2)
        let low = try ends[0].double()
        let high = try ends[1].double()
        guard low <= high else {
            throw value.error("found [\(low), \(high)], allowed is low <= high")
        }
        return low...high
    }

    private static func readFeatures(
        _ value: YAMLValue?,
        signature: TensorSignature
    ) throws(YAMLError) -> [Manifest.Feature] {
        guard let value else { return [] }
        guard signature.shape.count == 1 else {
            throw value.error(
                "features are for one-dimensional inputs; the shape is \(signature.shape)"
            )
        }
        let count = signature.shape[0]
        var features: [Manifest.Feature] = []
        for entry in try value.list(count: count...count) {
            var mapping = try entry.mapping()
            let nameValue = try mapping.require("name")
            let name = try nameValue.string(maximumBytes: 100)
            guard !features.contains(where: { $0.name == name }) else {
                throw nameValue.error("the name '\(name)' stands twice")
            }
            let unit = try mapping.take("unit")?.string(maximumBytes: 40) ?? "1"
            let range = try mapping.take("range").map { value throws(YAMLError) in
                try readRange(value)
            }
            try mapping.finish()
            features.append(.init(name: name, unit: unit, range: range))
        }
        return features
    }

    private static func readRagged(
        _ value: YAMLValue?,
        signature: TensorSignature
    ) throws(YAMLError) -> Int? {
        guard let value else { return nil }
        var mapping = try value.mapping()
        let maximumValue = try mapping.require("maximum")
        let maximum = try maximumValue.int(in: 1...1_000_000)
        try mapping.finish()
        guard signature.shape.first == maximum else {
            throw maximumValue.error(
                "found \(maximum), allowed is the first dimension of the shape \(signature.shape): an event is padded to it"
            )
        }
        return maximum
    }
}
