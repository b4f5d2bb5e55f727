internal import StrictYAML
internal import Tensors

/// Keys that say in what numbers a model computes.
struct ArithmeticKeys {
    let precision: Precision
    /// Only of trees.
    let thresholds: Manifest.Thresholds?

    /// What a tree's precision may be where its thresholds stay as they are.
    private static let treePrecisions: [Precision] = [.float32, .fixed]
    private static let firmwarePrecision = Precision.fixed

    init(_ top: inout YAMLMapping, engine: Manifest.EngineKind) throws(YAMLError) {
        let precisionValue = top.take("precision")
        let stated = try precisionValue?.choice(Precision.self)
        let thresholdsValue = top.take("thresholds")
        thresholds = try thresholdsValue?.choice(Manifest.Thresholds.self)
        guard engine == .tree else {
            if let thresholdsValue {
                throw thresholdsValue.error("thresholds are those of trees")
            }
            precision = stated ?? (engine == .firmware ? Self.firmwarePrecision : .float32)
            if let precisionValue, engine == .firmware, precision != Self.firmwarePrecision {
                throw precisionValue.error(
                    "found '\(precision.rawValue)', allowed for firmware is fixed"
                )
            }
            return
        }
        precision = stated ?? thresholds?.precision ?? .float32
        let allowed = thresholds.map { [$0.precision] } ?? Self.treePrecisions
        if let precisionValue, !allowed.contains(precision) {
            let names = allowed.map(\.rawValue).joined(separator: ", ")
            let whose = thresholds.map { "\($0.rawValue) thresholds" } ?? "trees"
            throw precisionValue.error(
                "found '\(precision.rawValue)', allowed for \(whose) is \(names)"
            )
        }
    }
}
