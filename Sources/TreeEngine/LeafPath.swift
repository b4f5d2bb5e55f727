/// The way from a root to a leaf, as what it asks of each feature that it looks at.
///
/// An event reaches the leaf exactly if it meets every condition. Splits that look at the same
/// feature are one condition, so that each can be replaced as a whole when a feature is unknown.
struct LeafPath {
    /// What a path asks of one feature: a key within `lower...upper`, or a missing value.
    struct Condition {
        var feature: Int
        var lower = UInt32.min
        var upper = UInt32.max
        /// Whether a missing value takes this way at every split that looks at the feature.
        var allowsMissing = true
        /// The share of the training events that these splits send this way: the product of each
        /// child's cover over its parent's.
        var share = 1.0

        /// Takes one side of a split as well.
        mutating func take(_ split: Forest.Node, left: Bool, share: Double) {
            if left {
                // Nothing is below the smallest key; a threshold is above it, as −∞ is.
                upper = min(upper, split.threshold - 1)
            } else {
                lower = max(lower, split.threshold)
            }
            allowsMissing = allowsMissing && split.sendsMissingLeft == left
            self.share *= share
        }
    }

    /// What the leaf adds.
    let value: Double
    /// What it adds to.
    let group: Int
    /// Ascending by feature.
    let conditions: [Condition]
}

/// Taking a forest apart into paths.
extension Forest {
    /// The paths of all leaves, tree after tree, from left to right.
    ///
    /// Without `usesCovers` every share is 1 and no cover is looked at.
    func leafPaths(usesCovers: Bool) throws(TreeExplainerError) -> [LeafPath] {
        var paths: [LeafPath] = []
        var conditionCount = 0
        for (index, tree) in trees.enumerated() {
            var open: [(node: Int, conditions: [LeafPath.Condition])] = [(tree.root, [])]
            while let (node, conditions) = open.popLast() {
                guard !nodes[node].isLeaf else {
                    conditionCount += conditions.count
                    try Self.check(conditionCount, TreeLimits.pathConditions, "conditions of paths")
                    paths.append(
                        LeafPath(
                            value: Double(values[node]),
                            group: Int(tree.group),
                            conditions: conditions
                        )
                    )
                    continue
                }
                // The right side first, as the last that is opened comes next.
                for left in [false, true] {
                    let child = tree.root + Int(nodes[node].child) + (left ? 0 : 1)
                    let share = usesCovers ? try self.share(of: child, below: node, index) : 1
                    var longer = conditions
                    Self.take(nodes[node], left: left, share: share, in: &longer)
                    try Self.check(longer.count, TreeLimits.pathFeatures, "features of one path")
                    open.append((child, longer))
                }
            }
        }
        return paths
    }

    /// Adds one side of a split to the conditions of a path.
    private static func take(
        _ split: Node,
        left: Bool,
        share: Double,
        in conditions: inout [LeafPath.Condition]
    ) {
        let place = conditions.firstIndex { $0.feature >= split.feature } ?? conditions.count
        if place == conditions.count || conditions[place].feature != split.feature {
            conditions.insert(LeafPath.Condition(feature: split.feature), at: place)
        }
        conditions[place].take(split, left: left, share: share)
    }

    /// The share of a split's training events that went to one child.
    private func share(
        of child: Int,
        below node: Int,
        _ tree: Int
    ) throws(TreeExplainerError) -> Double {
        let (whole, part) = (covers[node], covers[child])
        guard whole.isFinite, whole > 0 else {
            guard !covers[nodeRange(ofTree: tree)].allSatisfy({ $0.isNaN }) else {
                throw .noCovers(tree: tree)
            }
            throw .cover(tree: tree, found: whole, allowed: "a finite number above 0 at a split")
        }
        guard part.isFinite, part >= 0 else {
            throw .cover(tree: tree, found: part, allowed: "a finite number of 0 or more")
        }
        return Double(part) / Double(whole)
    }

    private static func check(
        _ found: Int,
        _ limit: Int,
        _ what: String
    ) throws(TreeExplainerError) {
        guard found <= limit else { throw .overLimit(what: what, found: found, limit: limit) }
    }
}
