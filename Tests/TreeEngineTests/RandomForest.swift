import Testing

/// Trees made at random, as a file and as something to follow node by node.
struct RandomForest {
    /// What a forest is made of.
    struct Shape: CustomTestStringConvertible, Sendable {
        var features: Int
        var depth: Int
        var trees = 13
        var classes = 0
        /// Different thresholds to choose from, infinities and zeros among them.
        var thresholds = 40
        /// The chance of a split where one is allowed, in percent.
        var splitting = 80
        /// Whether some splits send missing values left: all, none, or a coin's choice.
        var missingLeft: Bool?

        var testDescription: String {
            "\(features) features, depth \(depth), \(classes) classes, \(thresholds) thresholds, "
                + "missing left \(missingLeft.map { "\($0)" } ?? "or right")"
        }
    }

    private struct Node {
        var left = -1
        var right = -1
        var feature = 0
        /// A split's threshold or a leaf's value.
        var number: Float
        var missingLeft = false
        /// The training events that came here.
        var cover: Float = 1000
    }

    let shape: Shape
    private let thresholds: [Float]
    private var trees: [[Node]] = []

    init(_ shape: Shape, seed: UInt64) {
        self.shape = shape
        var random = SplitMix64(seed: seed)
        thresholds =
            [0, -0.0, .infinity, -.infinity, .leastNonzeroMagnitude]
            + (0..<shape.thresholds).map { _ in Float.random(in: -10...10, using: &random) }
        for _ in 0..<shape.trees { trees.append(tree(&random)) }
        for tree in trees.indices { cover(&trees[tree], &random) }
    }

    /// Divides the events of each split between its children.
    private func cover(_ nodes: inout [Node], _ random: inout SplitMix64) {
        for node in nodes.indices where nodes[node].left >= 0 {
            let left = nodes[node].cover * Float.random(in: 0.02...0.98, using: &random)
            nodes[nodes[node].left].cover = left
            nodes[nodes[node].right].cover = nodes[node].cover - left
        }
    }

    private func tree(_ random: inout SplitMix64) -> [Node] {
        var nodes = [Node(number: 0)]
        var depths = [0]
        var index = 0
        while index < nodes.count {
            let isSplit = Int.random(in: 0..<100, using: &random) < shape.splitting
            if depths[index] < shape.depth, isSplit || depths[index] == 0 {
                nodes[index].left = nodes.count
                nodes[index].right = nodes.count + 1
                nodes[index].feature = Int.random(in: 0..<shape.features, using: &random)
                nodes[index].number = thresholds.randomElement(using: &random) ?? 0
                nodes[index].missingLeft = shape.missingLeft ?? Bool.random(using: &random)
                for _ in 0..<2 {
                    nodes.append(Node(number: Float.random(in: -1...1, using: &random)))
                    depths.append(depths[index] + 1)
                }
            }
            index += 1
        }
        return nodes
    }

    /// The file.
    var json: [UInt8] {
        var model = ModelText()
        model.objective = shape.classes > 0 ? #""multi:softprob""# : #""binary:logistic""#
        model.classCount = "\"\(shape.classes)\""
        model.featureCount = "\"\(shape.features)\""
        model.featureNames = "[]"
        model.treeInfo = "\((0..<trees.count).map { $0 % max(1, shape.classes) })"
        model.trees = trees.map { nodes in
            TreeText(
                left: "\(nodes.map(\.left))",
                right: "\(nodes.map(\.right))",
                indices: "\(nodes.map(\.feature))",
                conditions: "[\(nodes.map { Self.text($0.number) }.joined(separator: ", "))]",
                defaultLeft: "\(nodes.map { $0.missingLeft ? 1 : 0 })",
                splitType: "\(nodes.map { _ in 0 })",
                nodeCount: "\(nodes.count)",
                sumHessian: "\(nodes.map(\.cover))"
            ).json
        }
        return model.json
    }

    private static func text(_ number: Float) -> String {
        number.isInfinite ? (number > 0 ? "Infinity" : "-Infinity") : "\(number)"
    }

    /// Rows of everything: on and beside thresholds, beyond all, zeros, missing.
    func features(rows: Int, seed: UInt64) -> [Float] {
        var random = SplitMix64(seed: seed)
        return (0..<rows * shape.features).map { _ in
            let threshold = thresholds.randomElement(using: &random) ?? 0
            return switch Int.random(in: 0..<8, using: &random) {
            case 0: .nan
            case 1: threshold.nextUp
            case 2: threshold.nextDown
            case 3: [0, -0.0, .infinity, -.infinity].randomElement(using: &random) ?? 0
            case 4: Float.random(in: -12...12, using: &random)
            default: threshold
            }
        }
    }

    /// Sums by the definition: one row, one tree, one comparison of floats at a time.
    func margins(_ features: [Float], start: [Float]) -> [Float] {
        var margins: [Float] = []
        for row in stride(from: 0, to: features.count, by: shape.features) {
            var sums = start
            for (index, nodes) in trees.enumerated() {
                var node = nodes[0]
                while node.left >= 0 {
                    let number = features[row + node.feature]
                    let goesLeft = number.isNaN ? node.missingLeft : number < node.number
                    node = nodes[goesLeft ? node.left : node.right]
                }
                sums[index % sums.count] += node.number
            }
            margins += sums
        }
        return margins
    }

    /// The sums of all trees, by group, where only the features in `known` are, by the definition:
    /// a split on another one answers with the mean of both sides, weighted by their covers.
    func expectations(_ row: [Float], known: Set<Int>) -> [Double] {
        var sums = [Double](repeating: 0, count: max(1, shape.classes))
        for (index, nodes) in trees.enumerated() {
            sums[index % sums.count] += Self.expectation(nodes, 0, row, known)
        }
        return sums
    }

    private static func expectation(
        _ nodes: [Node],
        _ index: Int,
        _ row: [Float],
        _ known: Set<Int>
    ) -> Double {
        let node = nodes[index]
        guard node.left >= 0 else { return Double(node.number) }
        let number = row[node.feature]
        let goesLeft = number.isNaN ? node.missingLeft : number < node.number
        guard !known.contains(node.feature) else {
            return expectation(nodes, goesLeft ? node.left : node.right, row, known)
        }
        return [node.left, node.right].reduce(0) {
            let share = Double(nodes[$1].cover) / Double(node.cover)
            return $0 + share * expectation(nodes, $1, row, known)
        }
    }
}
