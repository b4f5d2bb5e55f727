import Testing
import TreeEngine

/// Scores against conifer 1.11's cpp backend, with Xilinx's ap_fixed.
struct ConiferReferenceTests {
    @Test("The manifest lists the models that are tested")
    func manifest() throws {
        #expect(try ConiferReference.manifest().map { String($0[0]) } == ConiferReference.names)
    }

    @Test("Scores equal conifer's to the bit, in every layout", arguments: ConiferReference.names)
    func scores(name: String) throws {
        let reference = try ConiferReference(name)
        for layout in TestLayouts.all {
            let ensemble = try ConiferEnsemble(
                json: reference.model,
                layouts: [layout],
                clock: ContinuousClock()
            )

            let (scores, flagged) = ensemble.scores(reference.features, count: 1_000)

            try #require(scores.count == reference.scores.count)
            let wrong = scores.indices.filter {
                scores[$0].bitPattern != reference.scores[$0].bitPattern
            }
            #expect(wrong.isEmpty, "\(layout.text): \(wrong.count) of \(scores.count) differ")
            #expect(flagged == reference.flaggedRows)
        }
    }

    @Test(
        "A row has the same score alone and among others, flagged or not",
        arguments: ["wraps", "wide", "classes"]
    )
    func batchInvariance(name: String) throws {
        let reference = try ConiferReference(name)
        let ensemble = try ConiferEnsemble(
            json: reference.model,
            layouts: TreeLayout.native,
            clock: ContinuousClock()
        )
        let features = Array(reference.features.prefix(3_000 * ensemble.featureCount))

        let alone = ensemble.scores(features, count: 1)
        let among = ensemble.scores(features, count: 37)

        #expect(alone.scores == among.scores)
        #expect(alone.scores == Array(reference.scores.prefix(alone.scores.count)))
        #expect(alone.flagged == among.flagged)
    }

    @Test(
        "Sums are the scores where nothing can leave the type's range",
        arguments: [("depth_4", true), ("wraps", false), ("norm", false), ("wide", false)]
    )
    func form(name: String, sumsAreScores: Bool) throws {
        let ensemble = try ConiferEnsemble(
            json: try ConiferReference(name).model,
            layouts: [.walk],
            clock: ContinuousClock()
        )
        #expect(ensemble.sumsAreScores == sumsAreScores)
    }
}
