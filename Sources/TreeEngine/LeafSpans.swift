/// The leaves of one tree, numbered from left to right, and those below each of its nodes.
struct LeafSpans {
    /// Nodes of the tree, counted from its root.
    let nodes: ArraySlice<Forest.Node>
    /// Leaves below each node; 1 for a leaf.
    private(set) var counts: [Int]
    /// The first leaf below each node.
    private(set) var firsts: [Int]

    /// Numbers the leaves of tree `index`.
    init(_ forest: Forest, tree index: Int) {
        nodes = forest.nodes[forest.nodeRange(ofTree: index)]
        counts = [Int](repeating: 1, count: nodes.count)
        firsts = [Int](repeating: 0, count: nodes.count)
        // Children come after their parents: from the end for the counts, from the root for places.
        for (node, child) in splits.reversed() { counts[node] = counts[child] + counts[child + 1] }
        for (node, child) in splits {
            firsts[child] = firsts[node]
            firsts[child + 1] = firsts[node] + counts[child]
        }
    }

    /// The leaves that a split reaches by one of its sides.
    func span(of node: Int, left: Bool) -> Range<Int> {
        let child = Int(nodes[nodes.startIndex + node].child) + (left ? 0 : 1)
        return firsts[child]..<firsts[child] + counts[child]
    }

    /// Number and left child of every split, counted from the root, parents first.
    var splits: [(node: Int, child: Int)] {
        nodes.enumerated().filter { !$0.element.isLeaf }.map { ($0.offset, Int($0.element.child)) }
    }
}
