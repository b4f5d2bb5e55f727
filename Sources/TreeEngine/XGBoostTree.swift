/// One tree as an XGBoost file lists it: parallel arrays by node, not yet believed.
struct XGBoostTree {
    let leftChildren: [Int32]
    let rightChildren: [Int32]
    let splitIndices: [Int32]
    /// A split's threshold or a leaf's value.
    let splitConditions: [Float]
    let defaultLeft: [Int32]
    /// The cover of each node: the sum of the second derivatives of the events trained on there.
    let sumHessian: [Float]?

    /// A tree of another file, brought into this form.
    init(
        leftChildren: [Int32],
        rightChildren: [Int32],
        splitIndices: [Int32],
        splitConditions: [Float]
    ) {
        self.leftChildren = leftChildren
        self.rightChildren = rightChildren
        self.splitIndices = splitIndices
        self.splitConditions = splitConditions
        defaultLeft = [Int32](repeating: 0, count: leftChildren.count)
        sumHessian = nil
    }

    /// Reads a tree; afterwards all arrays have the same length, at least one.
    init(reading reader: inout JSONReader) throws(TreeModelError) {
        var left: [Int32]?
        var right: [Int32]?
        var indices: [Int32]?
        var conditions: [Float]?
        var defaults: [Int32]?
        var hessians: [Float]?
        var splitTypes: [Int32]?
        var header: Header?
        let limit = TreeLimits.nodes
        let place = reader.place
        try reader.object { (reader, key) throws(TreeModelError) in
            switch key {
            case "left_children": try reader.integers(into: &left, limit: limit)
            case "right_children": try reader.integers(into: &right, limit: limit)
            case "split_indices": try reader.integers(into: &indices, limit: limit)
            case "split_conditions": try reader.floats(into: &conditions, limit: limit)
            case "default_left": try reader.integers(into: &defaults, limit: limit)
            case "sum_hessian": try reader.floats(into: &hessians, limit: limit)
            case "split_type": try reader.integers(into: &splitTypes, limit: limit)
            case "tree_param":
                try reader.store(try Header(reading: &reader), in: &header)
            default: try reader.skipValue()
            }
        }
        if let width = header?.leafWidth, width > 1 {
            throw .unsupported(
                path: place + ".tree_param.size_leaf_vector",
                found: "\(width)",
                allowed: "one value a leaf (multi_strategy one_output_per_tree)"
            )
        }
        if let node = splitTypes?.firstIndex(where: { $0 != 0 }) {
            throw .unsupported(
                path: place + ".split_type[\(node)]",
                found: "a categorical split",
                allowed: "0, a numerical split"
            )
        }
        leftChildren = try Self.present(left, place + ".left_children")
        rightChildren = try Self.present(right, place + ".right_children")
        splitIndices = try Self.present(indices, place + ".split_indices")
        splitConditions = try Self.present(conditions, place + ".split_conditions")
        defaultLeft = try Self.present(defaults, place + ".default_left")
        sumHessian = hessians
        try checkLengths(typeCount: splitTypes?.count, nodeCount: header?.nodeCount, place)
    }

    /// Makes sure that all arrays have the length that the tree says it has.
    private func checkLengths(
        typeCount: Int?,
        nodeCount: Int?,
        _ place: String
    ) throws(TreeModelError) {
        let count = leftChildren.count
        guard count > 0 else {
            throw .malformed(
                path: place + ".left_children",
                found: "no node",
                allowed: "at least one node"
            )
        }
        try Self.agree(rightChildren.count, count, place + ".right_children")
        try Self.agree(splitIndices.count, count, place + ".split_indices")
        try Self.agree(splitConditions.count, count, place + ".split_conditions")
        try Self.agree(defaultLeft.count, count, place + ".default_left")
        if let sumHessian { try Self.agree(sumHessian.count, count, place + ".sum_hessian") }
        if let typeCount { try Self.agree(typeCount, count, place + ".split_type") }
        if let said = nodeCount {
            guard said == count else {
                throw .malformed(
                    path: place + ".tree_param.num_nodes",
                    found: "\(said)",
                    allowed: "\(count), the length of left_children"
                )
            }
        }
    }

    /// What `tree_param` says; everything else in it repeats what is known.
    private struct Header {
        var nodeCount: Int?
        var leafWidth: Int?

        init(reading reader: inout JSONReader) throws(TreeModelError) {
            var nodeCount: Int?
            var leafWidth: Int?
            try reader.object { (reader, key) throws(TreeModelError) in
                switch key {
                case "num_nodes": try reader.quotedCount(into: &nodeCount)
                case "size_leaf_vector": try reader.quotedCount(into: &leafWidth)
                default: try reader.skipValue()
                }
            }
            self.nodeCount = nodeCount
            self.leafWidth = leafWidth
        }
    }

    private static func present<Value>(
        _ values: Value?,
        _ path: String
    ) throws(TreeModelError) -> Value {
        guard let values else { throw .missing(path: path, allowed: "an array by node") }
        return values
    }

    private static func agree(
        _ count: Int,
        _ expected: Int,
        _ path: String
    ) throws(TreeModelError) {
        guard count == expected else {
            throw .malformed(
                path: path,
                found: "\(count) entries",
                allowed: "\(expected), the length of left_children"
            )
        }
    }
}
