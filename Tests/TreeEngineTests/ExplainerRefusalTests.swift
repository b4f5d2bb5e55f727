import Testing
import TreeEngine

/// What cannot be explained, and what the refusal says.
struct ExplainerRefusalTests {
    static func ensemble(covers: String?) throws -> TreeEnsemble {
        var tree = ModelText.tree
        tree.sumHessian = covers
        return try TreeEnsemble(xgboostJSON: ModelText(tree: tree).json)
    }

    @Test("Trees without covers are explained by a background only")
    func noCovers() throws {
        let ensemble = try Self.ensemble(covers: nil)
        let error = #expect(throws: TreeExplainerError.noCovers(tree: 0)) {
            try TreeExplainer(ensemble)
        }
        #expect(error?.description.contains("trees[0] has no covers") == true)
        let explainer = try TreeExplainer(ensemble, background: [0, 0, 1, 1], rows: 2)
        // Half of the background goes each way at the only split that the rows differ at.
        #expect(explainer.baseValues == [(1.5 + 0.25) / 2])
    }

    @Test(
        "Covers that cannot be counts of events are refused",
        arguments: [
            ("[0, 0, 0, 0, 0]", 0), ("[-1, 8, 2, 3, 5]", -1), ("[10, -8, 2, 3, 5]", -8),
            ("[10, 8, Infinity, 3, 5]", .infinity), ("[10, 8, 2, -3, 5]", -3),
        ] as [(String, Float)]
    )
    func covers(covers: String, found: Float) throws {
        let ensemble = try Self.ensemble(covers: covers)
        let error = try #require(throws: TreeExplainerError.self) { try TreeExplainer(ensemble) }
        guard case .cover(tree: 0, found: found, allowed: _) = error else {
            Issue.record("\(error)")
            return
        }
        #expect(error.description.contains("found \(found), allowed is a finite number"))
    }

    @Test("A side that no event took is no error")
    func emptySide() throws {
        let ensemble = try Self.ensemble(covers: "[10, 10, 0, 4, 6]")
        let explainer = try TreeExplainer(ensemble)
        #expect(abs(explainer.baseValues[0] - (0.4 * -0.125 + 0.6 * 1.5)) < 1e-15)
    }

    @Test(
        "A background that is not whole rows of the features is refused",
        arguments: [
            (0, 0, "0 rows", "1...16384 rows"), (2, 0, "0 rows", "1..."), (2, -1, "-1 rows", "1"),
            (6, 2, "6 numbers in 2 rows", "4, 2 a row"), (3, 1, "3 numbers in 1 rows", "2, 2"),
            (32_770, 16_385, "16385 rows", "1...16384 rows"),
        ]
    )
    func background(count: Int, rows: Int, found: String, allowed: String) throws {
        let ensemble = try Self.ensemble(covers: nil)
        let error = try #require(throws: TreeExplainerError.self) {
            try TreeExplainer(
                ensemble,
                background: [Float](repeating: 0, count: count),
                rows: rows
            )
        }
        #expect(error.description.contains("found \(found), allowed is \(allowed)"), "\(error)")
    }

    /// Chains, alike, in which every split looks at another feature.
    static func chain(features: Int, trees: Int = 1) throws -> TreeEnsemble {
        var tree = TreeText.chain(depth: features)
        let leaves = [Int](repeating: 0, count: features + 1)
        tree.indices = "\((0..<features).map { $0 } + leaves)"
        tree.sumHessian =
            "\((0..<features).map { features + 1 - $0 } + leaves.map { _ in 1 })"
        var model = ModelText()
        model.trees = [String](repeating: tree.json, count: trees)
        model.treeInfo = "\([Int](repeating: 0, count: trees))"
        model.featureCount = "\"\(features)\""
        model.featureNames = "[]"
        return try TreeEnsemble(xgboostJSON: model.json)
    }

    @Test("A path has at most 64 features")
    func longestPath() throws {
        let ensemble = try Self.chain(features: 64)
        let explainer = try TreeExplainer(ensemble)
        let events = (0..<64 * 5).map { Float(7 * $0 % 64) - 0.5 }
        let sums = explainer.sums(explainer.attributions(events))
        for (sum, margin) in zip(sums, ensemble.margins(events)) {
            #expect(abs(sum - Double(margin)) <= 1e-10)
        }
        let longer = try Self.chain(features: 65)
        let error = #expect(
            throws: TreeExplainerError.overLimit(what: "features of one path", found: 65, limit: 64)
        ) { try TreeExplainer(longer) }
        #expect(error?.description.contains("found 65, allowed is at most 64") == true)
    }

    @Test("More conditions than the limit are refused")
    func conditions() throws {
        // A chain of 64 has 1 + ... + 64 conditions and, at its end, 64 more: 2,144.
        let ensemble = try Self.chain(features: 64, trees: 1_958)
        let error = try #require(throws: TreeExplainerError.self) { try TreeExplainer(ensemble) }
        guard case .overLimit(what: "conditions of paths", let found, limit: 1 << 22) = error else {
            Issue.record("\(error)")
            return
        }
        #expect(found > 1 << 22 && found <= 1 << 22 + 64)
    }

    @Test("More patterns of the background on long paths than the limit are refused")
    func patterns() throws {
        let ensemble = try Self.chain(features: 64, trees: 6)
        let rows = TreeLimits.backgroundRows
        var random = SplitMix64(seed: 20)
        // Each condition is met by about half of the rows.
        let background = (0..<rows * 64).map {
            Float($0 % 64) - (Bool.random(using: &random) ? 0.5 : -0.5)
        }
        let error = try #require(throws: TreeExplainerError.self) {
            try TreeExplainer(ensemble, background: background, rows: rows)
        }
        #expect(error.description.contains("patterns of the background on long paths"))
        #expect(error.description.contains("allowed is at most \(TreeLimits.backgroundPatterns)"))
    }

    @Test("Memory of another explainer is a bug")
    func otherScratch() async {
        await #expect(processExitsWith: .failure) {
            let small = try TreeExplainer(try Self.chain(features: 1))
            let large = try TreeExplainer(try Self.chain(features: 60))
            var scratch = ExplainerScratch(for: small)
            var attributions = [Double](repeating: 0, count: 60)
            var span = attributions.mutableSpan
            let event = [Float](repeating: 0, count: 60)
            large.attributions(event.span, rows: 1, into: &span, scratch: &scratch)
        }
    }
}
