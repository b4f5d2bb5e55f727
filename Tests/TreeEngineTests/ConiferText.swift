/// A small conifer file, each part of which a test can replace.
struct ConiferText {
    /// feature 1 < 0.5, then feature 0 < -2.
    var left = "[1, 3, -1, -1, -1]"
    var right = "[2, 4, -1, -1, -1]"
    var features = "[1, 0, -2, -2, -2]"
    var weights = "[[0, 1], [1, 0], [0, 0], [0, 0], [0, 0]]"
    var thresholds = "[0.5, -2.0, 0.0, 0.0, 0.0]"
    var values = "[0.0, 0.0, 0.25, -0.125, 1.5]"

    var classes = "2"
    var featureCount = "2"
    var treeCount = "1"
    var start = "[0.5]"
    var norm = "1"
    var convention = #""<""#
    var config =
        #"{"backend": "cpp", "input_precision": "ap_fixed<18,8>","#
        + #" "threshold_precision": "ap_fixed<18,8>", "weight_precision": "ap_fixed<18,8>","#
        + #" "score_precision": "ap_fixed<18,8>"}"#
    /// What stands in `trees`; nil for one round of the tree above.
    var rounds: String?

    var tree: String {
        """
        {"feature": \(features), "weight": \(weights), "threshold": \(thresholds),
        "value": \(values), "children_left": \(left), "children_right": \(right)}
        """
    }

    var text: String {
        """
        {"n_classes": \(classes), "n_features": \(featureCount), "n_trees": \(treeCount),
        "max_depth": 2, "init_predict": \(start), "norm": \(norm), "library": "xgboost",
        "splitting_convention": \(convention), "feature_map": {"s1": 0, "s2": 1},
        "trees": \(rounds ?? "[[\(tree)]]"), "config": \(config),
        "metadata": [{"version": "1.11", "time": 1.5}]}
        """
    }

    var json: [UInt8] { Array(text.utf8) }
}
