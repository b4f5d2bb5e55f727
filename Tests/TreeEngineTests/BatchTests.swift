import Testing
import TreeEngine

/// A row's result may depend on nothing but the row.
struct BatchTests {
    @Test(
        "A row has the same margins alone, in blocks of any size and among missing rows",
        arguments: ["binary", "softprob", "deep", "wide"]
    )
    func batchInvariance(name: String) throws {
        let reference = try Reference(name)
        let ensemble = try TreeEnsemble(xgboostJSON: reference.model)
        let width = ensemble.featureCount
        let groups = ensemble.groupCount
        let rows = 3_000
        var random = SplitMix64(seed: 7)

        var alone: [Float] = []
        for row in 0..<rows {
            alone += ensemble.margins(Array(reference.features[row * width..<(row + 1) * width]))
        }
        var blocks: [Float] = []
        while blocks.count < rows * groups {
            let row = blocks.count / groups
            let count = min(Int.random(in: 1...200, using: &random), rows - row)
            blocks += ensemble.margins(
                Array(reference.features[row * width..<(row + count) * width])
            )
        }
        var amongMissing: [Float] = []
        let missing = [Float](repeating: .nan, count: 5 * width)
        for row in 0..<rows / 10 {
            let features = missing + reference.features[row * width..<(row + 1) * width] + missing
            amongMissing += ensemble.margins(features)[5 * groups..<6 * groups]
        }

        #expect(alone.bits == Array(reference.margins.prefix(rows * groups)).bits)
        #expect(blocks.bits == alone.bits)
        #expect(amongMissing.bits == Array(alone.prefix(amongMissing.count)).bits)
    }

    @Test("No rows give no margins")
    func noRows() throws {
        let ensemble = try TreeEnsemble(xgboostJSON: ModelText().json)
        #expect(ensemble.margins([]).isEmpty)
        #expect(ensemble.predictions([]).isEmpty)
    }

    @Test("A span of the wrong size is a bug and traps")
    func wrongSize() async {
        await #expect(processExitsWith: .failure) {
            let ensemble = try TreeEnsemble(xgboostJSON: ModelText().json)
            var margins: [Float] = [0]
            var span = margins.mutableSpan
            var scratch = TreeScratch(for: ensemble)
            ensemble.margins([0, 0, 0].span, rows: 2, into: &span, scratch: &scratch)
        }
    }
}
