/// All trees in one flat array of nodes, checked once so that walking needs no check.
///
/// Siblings are neighbours, children come after their parents, and every index in a node is valid
/// for a row of `featureCount` features.
struct Forest: Sendable {
    /// Rows that walk a tree side by side; their keys are interleaved.
    static let lanes = 8

    /// A split or a leaf; eight bytes, so that a depth-6 tree fills 16 cache lines.
    struct Node: BitwiseCopyable {
        /// Keys below it go to `child`, others to `child + 1`.
        var threshold: UInt32
        /// Where the key of lane 0 lies in a group of keys.
        var slot: UInt16
        /// The left child, counted from the root; the node itself if it is a leaf.
        var child: UInt16

        /// Whether a walk ends here.
        var isLeaf: Bool { threshold == FeatureKey.leafThreshold }
        /// The column of the input that a split looks at.
        var feature: Int { Int(slot) / (FeatureKey.copies * Forest.lanes) }
        /// Whether a split sends a missing value left.
        var sendsMissingLeft: Bool { Int(slot) / Forest.lanes % FeatureKey.copies == 0 }
    }

    /// Where a tree begins and what it adds to.
    struct Tree: BitwiseCopyable {
        var root: Int
        /// Splits between the root and the deepest leaf.
        var depth: UInt32
        var group: UInt32
    }

    let featureCount: Int
    let groupCount: Int
    private(set) var nodes: [Node] = []
    /// What each node adds; zero for a split.
    private(set) var values: [Float] = []
    /// The cover of each node as the file states it, not checked; NaN where it states none.
    private(set) var covers: [Float] = []
    private(set) var trees: [Tree] = []

    /// Checks and flattens the trees of a file.
    init(_ model: XGBoostModel) throws(TreeModelError) {
        self.init(featureCount: model.featureCount, groupCount: model.groupCount)
        trees.reserveCapacity(model.trees.count)
        for (index, tree) in model.trees.enumerated() {
            let group = UInt32(model.treeGroups[index])
            try append(tree, .xgboost, number: index, group: group)
        }
    }

    /// A forest without a tree.
    init(featureCount: Int, groupCount: Int) {
        self.featureCount = featureCount
        self.groupCount = groupCount
    }

    /// Puts others in the place of the thresholds, by key and feature.
    mutating func replaceThresholds(_ replacement: (UInt32, Int) -> UInt32) {
        for index in nodes.indices where !nodes[index].isLeaf {
            nodes[index].threshold = replacement(nodes[index].threshold, nodes[index].feature)
        }
    }

    /// Where the nodes of tree `index` lie.
    func nodeRange(ofTree index: Int) -> Range<Int> {
        let isLast = index + 1 == trees.count
        return trees[index].root..<(isLast ? nodes.count : trees[index + 1].root)
    }

    /// Leaves of tree `index`: one more than its splits, as every split has two children.
    func leafCount(ofTree index: Int) -> Int { (nodeRange(ofTree: index).count + 1) / 2 }

    /// Adds one tree, level by level from its root.
    ///
    /// Nodes that no split leads to are left out: XGBoost leaves pruned ones in the file, with
    /// fields that mean nothing.
    mutating func append(
        _ tree: XGBoostTree,
        _ format: TreeFileFormat,
        number: Int,
        group: UInt32
    ) throws(TreeModelError) {
        let root = nodes.count
        var seen = [Bool](repeating: false, count: tree.leftChildren.count)
        var level = [Int32(0)]
        var depth = 0
        seen[0] = true
        while true {
            let firstOfLevel = nodes.count
            let firstOfNext = firstOfLevel + level.count
            try Self.check(firstOfNext, TreeLimits.nodes, format.trees + " (nodes)")
            var next: [Int32] = []
            for source in level {
                let child = firstOfNext + next.count - root
                let check = TreeCheck(
                    tree: tree,
                    format: format,
                    number: number,
                    node: Int(source)
                )
                covers.append(tree.sumHessian?[Int(source)] ?? .nan)
                if try check.isLeaf() {
                    try appendLeaf(check, root: root)
                } else {
                    try Self.check(
                        child + 2,
                        TreeLimits.nodesOfTree,
                        format.place(ofTree: number) + " (nodes)"
                    )
                    try appendSplit(check, child: child)
                    for child in [tree.leftChildren[Int(source)], tree.rightChildren[Int(source)]] {
                        try check.isNew(child, &seen)
                        next.append(child)
                    }
                }
            }
            guard !next.isEmpty else { break }
            level = next
            depth += 1
            try Self.check(depth, TreeLimits.depth, format.place(ofTree: number) + " (depth)")
        }
        trees.append(Tree(root: root, depth: UInt32(depth), group: group))
    }

    private static func check(
        _ found: Int,
        _ limit: Int,
        _ place: @autoclosure () -> String
    ) throws(TreeModelError) {
        guard found <= limit else {
            throw .overLimit(path: place(), found: found, limit: limit)
        }
    }

    private mutating func appendLeaf(_ check: TreeCheck, root: Int) throws(TreeModelError) {
        let itself = UInt16(nodes.count - root)
        values.append(try check.leafValue())
        nodes.append(Node(threshold: FeatureKey.leafThreshold, slot: 0, child: itself))
    }

    private mutating func appendSplit(_ check: TreeCheck, child: Int) throws(TreeModelError) {
        let feature = try check.feature(below: featureCount)
        let copy = try check.defaultLeft() ? 0 : 1
        let slot = (feature * FeatureKey.copies + copy) * Self.lanes
        let threshold = FeatureKey.of(try check.threshold())
        values.append(0)
        nodes.append(Node(threshold: threshold, slot: UInt16(slot), child: UInt16(child)))
    }
}
