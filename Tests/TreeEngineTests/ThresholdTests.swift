import Testing
import TreeEngine

/// Thresholds so few that bins fit in so many bits.
struct ThresholdTests {
    @Test(
        "16-bit thresholds change nothing, missing values and all",
        arguments: ["softprob", "deep", "wide", "many_bins", "missing", "er_nr_tree"]
    )
    func sixteenBits(name: String) throws {
        let reference = try Reference(name)
        // The forest is as it was: that layouts agree is held elsewhere.
        let ensemble = try Self.ensemble(reference.model, bits: 16, .leafMasks)
        #expect(ensemble.mergedFeatureCount == 0)
        #expect(ensemble.margins(reference.features).bits == reference.margins.bits)
    }

    @Test(
        "8-bit thresholds change nothing where a feature has at most 255",
        arguments: ["binary", "softprob", "regression", "parallel", "missing", "er_nr_tree"]
    )
    func eightBits(name: String) throws {
        let reference = try Reference(name)
        // The forest is as it was: that layouts agree is held elsewhere.
        let ensemble = try Self.ensemble(reference.model, bits: 8, .leafMasks)
        #expect(ensemble.mergedFeatureCount == 0)
        #expect(ensemble.margins(reference.features).bits == reference.margins.bits)
    }

    @Test("More thresholds are merged to 255, and all layouts agree on what becomes of them")
    func merged() throws {
        let reference = try Reference("many_bins")
        let features = Array(reference.features.prefix(3 * 10_000))

        let walk = try Self.ensemble(reference.model, bits: 8, .walk)
        let margins = walk.margins(features)

        #expect(walk.mergedFeatureCount == 3)
        let differing = margins.indices.filter { margins[$0] != reference.margins[$0] }
        // Some events lie between a threshold and what it became, most do not.
        #expect(!differing.isEmpty)
        #expect(differing.count < margins.count * 3 / 4)
        for layout in TestLayouts.all {
            let ensemble = try Self.ensemble(reference.model, bits: 8, layout)
            // Bins of bytes: no layout has to be replaced by walking.
            #expect(ensemble.layoutText == layout.text)
            #expect(ensemble.margins(features).bits == margins.bits)
        }
    }

    @Test("A group of thresholds becomes the one in the middle of its splits")
    func middle() throws {
        // Below 0, 1, 2, 3 and 4 the margins are those numbers, else -1.
        let chain = ModelText(tree: .chain(depth: 5)).json
        let ensemble = try Self.ensemble(chain, bits: 1, .walk)
        let start = ensemble.startMargins[0]

        let margins = ensemble.margins([1.9, 0, 2, 0, .nan, 0])

        #expect(margins.map { $0 - start } == [0, -1, -1])
    }

    private static func ensemble(
        _ json: [UInt8],
        bits: Int,
        _ layout: TreeLayout
    ) throws -> TreeEnsemble {
        try TreeEnsemble(
            xgboostJSON: json,
            thresholdBits: bits,
            layouts: [layout],
            clock: ContinuousClock()
        )
    }
}
