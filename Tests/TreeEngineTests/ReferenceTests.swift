import Testing
import TreeEngine

/// Margins and predictions against XGBoost 3.2.
struct ReferenceTests {
    @Test("The manifest lists the models that are tested")
    func manifest() throws {
        #expect(try Reference.manifest().map { String($0[0]) } == Reference.names)
    }

    @Test("Margins equal XGBoost's to the bit", arguments: Reference.names)
    func margins(name: String) throws {
        let reference = try Reference(name)
        let ensemble = try TreeEnsemble(xgboostJSON: reference.model)

        let margins = ensemble.margins(reference.features)

        try #require(margins.count == reference.margins.count)
        let wrong = margins.indices.filter {
            margins[$0].bitPattern != reference.margins[$0].bitPattern
        }
        #expect(wrong.isEmpty, "\(wrong.count) of \(margins.count) differ")
    }

    @Test("Predictions equal XGBoost's to 4 units in the last place", arguments: Reference.names)
    func predictions(name: String) throws {
        let reference = try Reference(name)
        let ensemble = try TreeEnsemble(xgboostJSON: reference.model)

        let predictions = ensemble.predictions(reference.features)

        try #require(predictions.count == reference.predictions.count)
        let wrong = predictions.indices.filter {
            let expected = reference.predictions[$0]
            // The exponential is the C library's on either side; it may be another one.
            return
                !(predictions[$0] == expected
                || abs(predictions[$0] - expected) <= 4 * expected.ulp)
        }
        #expect(wrong.isEmpty, "\(wrong.count) of \(predictions.count) differ")
    }

    @Test("What a file says about itself can be read")
    func properties() throws {
        let ensemble = try TreeEnsemble(xgboostJSON: try Reference("binary").model)

        #expect(ensemble.featureCount == 5)
        #expect(ensemble.featureNames == ["s1", "s2", "drift", "radius", "z"])
        #expect(ensemble.groupCount == 1)
        #expect(ensemble.predictionCount == 1)
        #expect(ensemble.treeCount == 300)
        #expect(ensemble.objective == .binaryLogistic)
    }

    @Test(
        "A kind of model that is not evaluated here is refused by its name",
        arguments: [
            ("dart", "found \"dart\", allowed is \"gbtree\""),
            ("gblinear", "found \"gblinear\", allowed is \"gbtree\""),
            ("categorical", "found a categorical split"), ("onehot", "found a categorical split"),
            ("vector_leaves", "size_leaf_vector is not supported: found 2"),
        ]
    )
    func refusal(name: String, words: String) throws {
        let json = try Reference.bytes("refused_\(name).json")
        let error = #expect(throws: TreeModelError.self) { try TreeEnsemble(xgboostJSON: json) }
        #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
    }
}
