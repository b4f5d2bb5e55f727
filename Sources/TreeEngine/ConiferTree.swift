/// One tree as conifer lists it: parallel arrays by node, of the same length and at least one.
///
/// Each node has children or is a leaf, and each split looks at one feature; where the children
/// are is still to be checked.
struct ConiferTree {
    let leftChildren: [Int32]
    let rightChildren: [Int32]
    /// The feature of each split; negative for a leaf.
    let features: [Int32]
    let thresholds: [Double]
    let values: [Double]

    /// What conifer writes as the feature of a leaf.
    private static let leaf: Int32 = -2

    /// Reads a tree.
    init(reading reader: inout JSONReader) throws(TreeModelError) {
        var left: [Int32]?
        var right: [Int32]?
        var features: [Int32]?
        var thresholds: [Double]?
        var values: [Double]?
        var weights: [Weights]?
        let limit = TreeLimits.nodes
        let place = reader.place
        try reader.object { (reader, key) throws(TreeModelError) in
            switch key {
            case "children_left": try reader.integers(into: &left, limit: limit)
            case "children_right": try reader.integers(into: &right, limit: limit)
            case "feature": try reader.integers(into: &features, limit: limit)
            case "threshold": try reader.doubles(into: &thresholds, limit: limit)
            case "value": try reader.doubles(into: &values, limit: limit)
            case "weight":
                var list: [Weights] = []
                try reader.array { (reader, index) throws(TreeModelError) in
                    try reader.check(index + 1, limit)
                    list.append(try Weights(reading: &reader))
                }
                try reader.store(list, in: &weights)
            default: try reader.skipValue()
            }
        }
        self.features = try Self.present(features, place + ".feature")
        let count = self.features.count
        guard count > 0 else {
            throw .malformed(
                path: place + ".feature",
                found: "no node",
                allowed: "at least one node"
            )
        }
        leftChildren = try Self.present(left, place + ".children_left", count)
        rightChildren = try Self.present(right, place + ".children_right", count)
        self.thresholds = try Self.present(thresholds, place + ".threshold", count)
        self.values = try Self.present(values, place + ".value", count)
        let seen = try Self.present(weights, place + ".weight", count)
        for node in 0..<count { try check(node, seen[node], place) }
    }

    /// Whether a node is a leaf.
    func isLeaf(_ node: Int) -> Bool { features[node] == Self.leaf }

    private func check(
        _ node: Int,
        _ weights: Weights,
        _ place: String
    ) throws(TreeModelError) {
        let children = (leftChildren[node], rightChildren[node])
        guard !isLeaf(node) else {
            guard children == (-1, -1) else {
                throw .malformed(
                    path: place + ".children_left[\(node)]",
                    found: "\(children.0) and \(children.1) at a leaf",
                    allowed: "-1 twice where feature is \(Self.leaf)"
                )
            }
            return
        }
        guard children.0 != -1, children.1 != -1 else {
            throw .malformed(
                path: place + ".feature[\(node)]",
                found: "\(features[node]) at a node without two children",
                allowed: "\(Self.leaf) at a leaf"
            )
        }
        guard case .one(let feature) = weights, feature == features[node] else {
            throw .unsupported(
                path: place + ".weight[\(node)]",
                found: "a split on more than feature \(features[node])",
                allowed: "1 for the split's feature and 0 for the others"
            )
        }
    }

    /// Which features a split adds up.
    private enum Weights {
        case none
        /// One feature, once.
        case one(Int)
        case several

        init(reading reader: inout JSONReader) throws(TreeModelError) {
            var found = Self.none
            try reader.array { (reader, index) throws(TreeModelError) in
                try reader.check(index + 1, TreeLimits.features)
                let weight = try reader.double()
                guard weight != 0 else { return }
                if case .none = found, weight == 1 { found = .one(index) } else { found = .several }
            }
            self = found
        }
    }

    private static func present<Value>(
        _ values: [Value]?,
        _ path: String,
        _ count: Int? = nil
    ) throws(TreeModelError) -> [Value] {
        guard let values else { throw .missing(path: path, allowed: "an array by node") }
        guard count == nil || values.count == count else {
            throw .malformed(
                path: path,
                found: "\(values.count) entries",
                allowed: "\(count ?? 0), the length of feature"
            )
        }
        return values
    }
}
