/// The fixed-point types of a conifer model, from the object `config` of its file.
struct ConiferSettings {
    /// Type of the features, and of what they are compared with.
    let input: ConiferPrecision
    /// Type of the leaves, of their sum and of the answer.
    let score: ConiferPrecision

    /// A key of `config`; conifer's own files have the first form, a user's dictionary the second.
    private enum Key: String, CaseIterable {
        case precision
        case input = "input_precision"
        case threshold = "threshold_precision"
        case weight = "weight_precision"
        case score = "score_precision"

        var capitalised: String {
            switch self {
            case .precision: "Precision"
            case .input: "InputPrecision"
            case .threshold: "ThresholdPrecision"
            case .weight: "WeightPrecision"
            case .score: "ScorePrecision"
            }
        }
    }

    /// Reads the object; types that are not stated follow from others as conifer lets them.
    init(reading reader: inout JSONReader) throws(TreeModelError) {
        var texts: [Key: String] = [:]
        try reader.object { (reader, name) throws(TreeModelError) in
            let key = Key.allCases.first { $0.rawValue == name || $0.capitalised == name }
            reader.skipSpace()
            guard let key, reader.current == UInt8(ascii: "\"") else {
                try reader.skipValue()
                return
            }
            var text = texts[key]
            try reader.store(try reader.string(), in: &text)
            texts[key] = text
        }
        let inputText = texts[.input] ?? texts[.precision]
        input = try Self.type(inputText, .input)
        let threshold = try Self.type(texts[.threshold] ?? inputText, .threshold)
        let weight = try Self.type(texts[.weight] ?? texts[.threshold] ?? inputText, .weight)
        score = try Self.type(texts[.score] ?? texts[.precision], .score)
        guard threshold == input else {
            throw .unsupported(
                path: Self.path(.threshold),
                found: TreeModelError.quote(texts[.threshold] ?? ""),
                allowed: "that of the input, \(TreeModelError.quote(inputText ?? ""))"
            )
        }
        // A feature is multiplied by its weight before it is compared.
        guard weight.number(weight.word(1)) == 1 else {
            throw .unsupported(
                path: Self.path(.weight),
                found: TreeModelError.quote(texts[.weight] ?? texts[.threshold] ?? inputText ?? ""),
                allowed: "a type that holds 1, for that is the weight of a split's feature"
            )
        }
        try Self.checkWrapping(input, inputText ?? "")
    }

    /// Refuses inputs whose wrapped values a float32 cannot stand for.
    private static func checkWrapping(
        _ input: ConiferPrecision,
        _ text: String
    ) throws(TreeModelError) {
        let digits = Float.significandBitCount + 1
        guard input.isSigned || input.overflow == .saturate || input.width <= digits else {
            throw .unsupported(
                path: path(.input),
                found: TreeModelError.quote(text),
                allowed: "\(digits) bits where negative values wrap to large ones"
            )
        }
    }

    private static func type(
        _ text: String?,
        _ key: Key
    ) throws(TreeModelError) -> ConiferPrecision {
        guard let text else {
            throw .missing(path: path(key), allowed: ConiferPrecision.allowed)
        }
        guard let type = ConiferPrecision(text) else {
            throw .unsupported(
                path: path(key),
                found: TreeModelError.quote(text),
                allowed: ConiferPrecision.allowed
            )
        }
        return type
    }

    private static func path(_ key: Key) -> String { "config.\(key.rawValue)" }
}
