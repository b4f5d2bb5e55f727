/// A small XGBoost file, each part of which a test can replace.
struct ModelText {
    /// One tree: feature 1 < 0.5 (missing goes left), then feature 0 < -2 (missing goes right).
    static let tree = TreeText()

    var booster = #""gbtree""#
    var objective = #""binary:logistic""#
    var baseScore = #""5E-1""#
    var featureCount = #""2""#
    var classCount = #""0""#
    var targetCount = #""1""#
    var featureNames = #"["s1", "s2"]"#
    var trees = [ModelText.tree.json]
    var treeInfo = "[0]"

    var text: String {
        """
        {"learner": {"attributes": {"note": "a \\"b\\" \\u00e9"}, "feature_names": \(featureNames),
        "feature_types": [], "gradient_booster": {"model": {"cats": {"enc": []},
        "gbtree_model_param": {"num_parallel_tree": "1", "num_trees": "1"},
        "iteration_indptr": [0, 1], "tree_info": \(treeInfo),
        "trees": [\(trees.joined(separator: ", "))]}, "name": \(booster)},
        "learner_model_param": {"base_score": \(baseScore), "boost_from_average": "1",
        "num_class": \(classCount), "num_feature": \(featureCount), "num_target": \(targetCount)},
        "objective": {"name": \(objective), "reg_loss_param": {"scale_pos_weight": "1"}}},
        "version": [3, 2, 0]}
        """
    }

    var json: [UInt8] { Array(text.utf8) }

    /// A file with one changed tree.
    init(tree: TreeText = ModelText.tree) {
        trees = [tree.json]
    }
}

/// The arrays of one tree as they stand in a file.
struct TreeText {
    var left = "[1, 3, -1, -1, -1]"
    var right = "[2, 4, -1, -1, -1]"
    var indices = "[1, 0, 0, 0, 0]"
    var conditions = "[0.5, -2.0, 0.25, -0.125, 1.5]"
    var defaultLeft = "[1, 0, 0, 0, 0]"
    var splitType = "[0, 0, 0, 0, 0]"
    var nodeCount = "5"
    var leafWidth = "1"
    /// No covers where it is nil, as the engine does without them.
    var sumHessian: String?

    var json: String {
        """
        {"base_weights": [0, 0, 0, 0, 0], "categories": [], "default_left": \(defaultLeft), "id": 0,
        "left_children": \(left), "right_children": \(right), "split_conditions": \(conditions),
        "split_indices": \(indices), "split_type": \(splitType),
        "tree_param": {"num_deleted": "0", "num_feature": "2", "num_nodes": "\(nodeCount)",
        "size_leaf_vector": "\(leafWidth)"}\(sumHessian.map { ", \"sum_hessian\": \($0)" } ?? "")}
        """
    }

    /// A tree without a split.
    static let leaf = TreeText(
        left: "[-1]",
        right: "[-1]",
        indices: "[0]",
        conditions: "[0.75]",
        defaultLeft: "[0]",
        splitType: "[0]",
        nodeCount: "1"
    )

    /// A chain: each split has a leaf on its left and the next split on its right.
    static func chain(depth: Int) -> TreeText {
        let splits = 0..<depth
        let ends = [Int](repeating: -1, count: depth + 1)
        let count = 2 * depth + 1
        return TreeText(
            left: "\(splits.map { depth + 1 + $0 } + ends)",
            right: "\(splits.map { $0 + 1 } + ends)",
            indices: "\([Int](repeating: 0, count: count))",
            conditions: "\(splits.map(Float.init) + [-1] + splits.map(Float.init))",
            defaultLeft: "\([Int](repeating: 0, count: count))",
            splitType: "\([Int](repeating: 0, count: count))",
            nodeCount: "\(count)"
        )
    }

    /// A tree with every node of every level.
    static func full(depth: Int) -> TreeText {
        let splits = (1 << depth) - 1
        let count = 2 * splits + 1
        let ends = [Int](repeating: -1, count: splits + 1)
        let zeros = "\([Int](repeating: 0, count: count))"
        return TreeText(
            left: "\((0..<splits).map { 2 * $0 + 1 } + ends)",
            right: "\((0..<splits).map { 2 * $0 + 2 } + ends)",
            indices: zeros,
            conditions: zeros,
            defaultLeft: zeros,
            splitType: zeros,
            nodeCount: "\(count)"
        )
    }
}
