import Catalog
import Tensors
import Testing

/// In what numbers a model computes, as its manifest says.
@Suite struct ArithmeticTests {
    @Test(
        "Merged thresholds are a precision of their own",
        arguments: [
            (nil, nil, Precision.float32), ("8-bit", nil, .int8), ("16-bit", nil, .int16),
            ("8-bit", "int8", .int8), (nil, "fixed", .fixed), (nil, "float32", .float32),
        ]
    )
    func trees(thresholds: String?, stated: String?, precision: Precision) throws {
        let text = ModelText.least([
            "engine": "tree", "thresholds": thresholds, "precision": stated,
        ])
        let manifest = try ModelText.manifest(text, artefact: "model.json")
        #expect(manifest.precision == precision)
        #expect(manifest.thresholds?.rawValue == thresholds)
        #expect(manifest.thresholds?.bits == thresholds.map { $0 == "8-bit" ? 8 : 16 })
    }

    static let refusals: [(keys: [String: String?], words: String)] = [
        (
            ["engine": "tree", "thresholds": "4-bit"],
            "thresholds: found '4-bit', allowed are 8-bit, 16-bit"
        ),
        (["thresholds": "8-bit"], "thresholds: thresholds are those of trees"),
        (
            ["engine": "tree", "thresholds": "8-bit", "precision": "float32"],
            "precision: found 'float32', allowed for 8-bit thresholds is int8"
        ),
        (
            ["engine": "tree", "thresholds": "16-bit", "precision": "fixed"],
            "precision: found 'fixed', allowed for 16-bit thresholds is int16"
        ),
        (
            ["engine": "tree", "precision": "int8"],
            "precision: found 'int8', allowed for trees is float32, fixed"
        ),
        (
            [
                "engine": "tree", "precision": "fixed",
                "inputs": "[{name: x, nonfinite: missing}]",
            ],
            "inputs[0].nonfinite: found 'missing', allowed in fixed point are refuse, flag"
        ),
    ]

    @Test("What does not go together is refused", arguments: refusals)
    func refuse(keys: [String: String?], words: String) throws {
        let problem = try ModelText.problem(ModelText.least(keys))
        #expect(problem?.contains(words) == true, "\(problem ?? "")")
    }
}
