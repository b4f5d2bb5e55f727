import Testing
import TreeEngine

/// Attributions of random forests against their definition, and by themselves.
struct ExplainerPropertyTests {
    static let shapes = [
        RandomForest.Shape(features: 1, depth: 4),
        RandomForest.Shape(features: 3, depth: 6, missingLeft: true),
        RandomForest.Shape(features: 5, depth: 5, classes: 3, missingLeft: false),
        RandomForest.Shape(features: 6, depth: 8, trees: 4),
        RandomForest.Shape(features: 10, depth: 12, trees: 1),
    ]

    /// All paths in tables, and none.
    static let tableBytes = [TreeLimits.explainerTableBytes, 0]

    /// Rounding of sums in Double of some thousand terms of size 1.
    static let tolerance = 1e-10

    /// Shapley values by their definition: `worth` of each coalition, by the bits of its players.
    static func shapley(players: Int, _ worth: [Double]) -> [Double] {
        func factorial(_ number: Int) -> Double { (0..<number).reduce(1) { $0 * Double($1 + 1) } }
        return (0..<players).map { player in
            worth.indices.filter { $0 >> player & 1 == 0 }.reduce(0) { sum, coalition in
                let size = coalition.nonzeroBitCount
                let weight =
                    factorial(size) * factorial(players - size - 1) / factorial(players)
                return sum + weight * (worth[coalition | 1 << player] - worth[coalition])
            }
        }
    }

    /// Compares all attributions with the Shapley values of `worth(event, known)`, by group.
    static func compare(
        _ explainer: TreeExplainer,
        _ events: [Float],
        _ worth: ([Float], Set<Int>) -> [Double]
    ) {
        let players = explainer.featureCount
        let found = explainer.attributions(events)
        for event in 0..<events.count / players {
            let row = Array(events[event * players..<(event + 1) * players])
            let worths = (0..<1 << players).map { coalition in
                worth(row, Set((0..<players).filter { coalition >> $0 & 1 == 1 }))
            }
            for group in 0..<explainer.groupCount {
                let expected = shapley(players: players, worths.map { $0[group] })
                let first = event * explainer.attributionCount + group * players
                for feature in 0..<players {
                    #expect(abs(found[first + feature] - expected[feature]) <= tolerance)
                }
            }
        }
    }

    @Test("The path-dependent form is defined by covers", arguments: shapes, tableBytes)
    func covers(shape: RandomForest.Shape, tableBytes: Int) throws {
        let forest = RandomForest(shape, seed: 11)
        let ensemble = try TreeEnsemble(xgboostJSON: forest.json)
        let explainer = try TreeExplainer(ensemble, tableBytes: tableBytes)
        let events = forest.features(rows: 4, seed: 12)
        Self.compare(explainer, events) { forest.expectations($0, known: $1) }
        let nothing = forest.expectations(Array(events.prefix(shape.features)), known: [])
        for group in nothing.indices {
            let base = Double(ensemble.startMargins[group]) + nothing[group]
            #expect(abs(explainer.baseValues[group] - base) <= Self.tolerance)
        }
    }

    @Test("The interventional form is defined by a background", arguments: shapes, tableBytes)
    func background(shape: RandomForest.Shape, tableBytes: Int) throws {
        let forest = RandomForest(shape, seed: 13)
        let rows = 9
        let background = forest.features(rows: rows, seed: 14)
        let explainer = try TreeExplainer(
            try TreeEnsemble(xgboostJSON: forest.json),
            background: background,
            rows: rows,
            tableBytes: tableBytes
        )
        let all = Set(0..<shape.features)
        Self.compare(explainer, forest.features(rows: 3, seed: 15)) { event, known in
            var means = [Double](repeating: 0, count: max(1, shape.classes))
            for row in 0..<rows {
                let mixed = all.sorted().map {
                    known.contains($0) ? event[$0] : background[row * shape.features + $0]
                }
                let sums = forest.expectations(mixed, known: all)
                for group in means.indices { means[group] += sums[group] / Double(rows) }
            }
            return means
        }
    }

    @Test("An event gets the same bits in any batch", arguments: shapes, tableBytes)
    func sameBits(shape: RandomForest.Shape, tableBytes: Int) throws {
        let forest = RandomForest(shape, seed: 16)
        let ensemble = try TreeEnsemble(xgboostJSON: forest.json)
        let events = forest.features(rows: 600, seed: 17)
        for explainer in [
            try TreeExplainer(ensemble, tableBytes: tableBytes),
            try TreeExplainer(
                ensemble,
                background: Array(events.prefix(20 * shape.features)),
                rows: 20,
                tableBytes: tableBytes
            ),
        ] {
            let alone = explainer.attributions(events, by: 1).map(\.bitPattern)
            for rows in [2, 3, 7, 64, 255, 257, 600] {
                #expect(explainer.attributions(events, by: rows).map(\.bitPattern) == alone)
            }
        }
    }

    @Test("Attributions add up to the margin with many features", arguments: tableBytes)
    func manyFeatures(tableBytes: Int) throws {
        let shape = RandomForest.Shape(features: 4_096, depth: 14, trees: 20, splitting: 95)
        let forest = RandomForest(shape, seed: 18)
        let ensemble = try TreeEnsemble(xgboostJSON: forest.json)
        let explainer = try TreeExplainer(ensemble, tableBytes: tableBytes)
        let events = forest.features(rows: 20, seed: 19)

        let sums = explainer.sums(explainer.attributions(events))

        for (sum, margin) in zip(sums, ensemble.margins(events)) {
            #expect(abs(sum - Double(margin)) <= 1e-5)
        }
    }

    @Test("What is said of the cost counts the conditions and values of tables")
    func cost() throws {
        var tree = ModelText.tree
        tree.sumHessian = "[10, 8, 2, 3, 5]"
        let ensemble = try TreeEnsemble(xgboostJSON: ModelText(tree: tree).json)
        // Two leaves lie behind two features, one behind one.
        #expect(try TreeExplainer(ensemble).stepsPerEvent == 10)
        #expect(try TreeExplainer(ensemble, tableBytes: 0).stepsPerEvent > 10)
    }
}
