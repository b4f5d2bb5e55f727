import Testing
import TreeEngine

/// Trees small enough to follow by hand.
struct SmallTreeTests {
    @Test(
        "A row takes the path that its features and missing values choose",
        arguments: [
            ([0, 0.5], 0.25), ([0, 0.49999997], 1.5), ([-2, 0.4], 1.5),
            ([-2.0000002, 0.4], -0.125),
            ([-3, .nan], -0.125), ([.nan, 0], 1.5), ([.nan, .nan], 1.5), ([.nan, .infinity], 0.25),
            ([-.infinity, -.infinity], -0.125), ([.greatestFiniteMagnitude, -1], 1.5),
        ] as [([Float], Float)]
    )
    func path(features: [Float], margin: Float) throws {
        let ensemble = try TreeEnsemble(xgboostJSON: ModelText().json)
        #expect(ensemble.margins(features) == [margin])
    }

    @Test("Zero of either sign is the same number", arguments: [0.0, -0.0] as [Float])
    func zeros(threshold: Float) throws {
        var tree = ModelText.tree
        tree.conditions = "[\(threshold), 0, 1, 2, 3]"
        tree.left = "[1, -1, -1, -1, -1]"
        tree.right = "[2, -1, -1, -1, -1]"
        let ensemble = try TreeEnsemble(xgboostJSON: ModelText(tree: tree).json)
        #expect(ensemble.margins([9, 0, 9, -0.0, 9, -.leastNonzeroMagnitude]) == [1, 1, 0])
    }

    @Test("An infinite threshold divides like any number")
    func infiniteThreshold() throws {
        var tree = ModelText.tree
        tree.conditions = "[Infinity, -Infinity, 1, 2, 3]"
        tree.defaultLeft = "[0, 1, 0, 0, 0]"
        let ensemble = try TreeEnsemble(xgboostJSON: ModelText(tree: tree).json)
        let margins = ensemble.margins([0, .infinity, -.infinity, 0, .nan, 0, 0, .nan])
        #expect(margins == [1, 3, 2, 1])
    }

    @Test("A tree of one leaf adds it to every row", arguments: [1, 5, 8, 100])
    func oneLeaf(rows: Int) throws {
        var model = ModelText()
        model.trees = [TreeText.leaf.json, TreeText.leaf.json]
        model.treeInfo = "[0, 0]"
        let ensemble = try TreeEnsemble(xgboostJSON: model.json)
        let margins = ensemble.margins([Float](repeating: 3, count: 2 * rows))
        #expect(margins == [Float](repeating: 1.5, count: rows))
    }

    @Test("A model without trees answers with its start margins")
    func noTree() throws {
        var model = ModelText()
        model.trees = []
        model.treeInfo = "[]"
        model.objective = #""multi:softprob""#
        model.classCount = #""3""#
        model.baseScore = #""[1E0,-2.5E0,0E0]""#
        let ensemble = try TreeEnsemble(xgboostJSON: model.json)
        #expect(ensemble.startMargins == [1, -2.5, 0])
        #expect(ensemble.margins([0, 0, 1, 1]) == [1, -2.5, 0, 1, -2.5, 0])
    }

    @Test("A tree as deep as the limit is walked to its end", arguments: [9, 100, 512])
    func deepTree(depth: Int) throws {
        let ensemble = try TreeEnsemble(
            xgboostJSON: ModelText(tree: .chain(depth: depth)).json
        )
        var features: [Float] = []
        for row in 0...depth { features += [Float(row) - 0.5, 0] }
        #expect(ensemble.margins(features) == (0..<depth).map { Float($0) } + [-1])
    }

    @Test("The last of the most features can be split on, in a block and alone", arguments: [1, 9])
    func mostFeatures(rows: Int) throws {
        let count = TreeLimits.features
        var model = ModelText()
        var tree = ModelText.tree
        tree.indices = "[\(count - 1), 0, 0, 0, 0]"
        tree.defaultLeft = "[0, 0, 0, 0, 0]"
        model.trees = [tree.json]
        model.featureCount = "\"\(count)\""
        model.featureNames = "[]"
        let ensemble = try TreeEnsemble(xgboostJSON: model.json)
        var row = [Float](repeating: 0, count: count)
        row[count - 1] = .nan
        let margins = ensemble.margins([[Float]](repeating: row, count: rows).reduce([], +))
        #expect(margins == [Float](repeating: 0.25, count: rows))
    }

    @Test("The largest tree that fits 16-bit children is admitted")
    func largestTree() throws {
        let ensemble = try TreeEnsemble(xgboostJSON: ModelText(tree: .full(depth: 15)).json)
        #expect(ensemble.margins([0, 0]) == [0])
    }

    @Test(
        "The base score is read in every form that XGBoost writes",
        arguments: ["5E-1", "[5E-1]", "0.5", " [ 5E-1 ] "]
    )
    func baseScoreForms(text: String) throws {
        var model = ModelText()
        model.objective = #""reg:squarederror""#
        model.baseScore = "\"\(text)\""
        #expect(try TreeEnsemble(xgboostJSON: model.json).startMargins == [0.5])
    }

    @Test("Directions may be written as true and false, and targets left out")
    func oldForms() throws {
        var tree = ModelText.tree
        tree.defaultLeft = "[true, false, false, false, false]"
        let text = ModelText(tree: tree).text.replacing(#", "num_target": "1""#, with: "")
        let ensemble = try TreeEnsemble(xgboostJSON: Array(text.utf8))
        #expect(ensemble.margins([-3, .nan]) == [-0.125])
    }
}
