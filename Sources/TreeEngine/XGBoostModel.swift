/// What an XGBoost JSON file (`save_model("model.json")`, 1.x to 3.x) says that matters here.
struct XGBoostModel {
    let trees: [XGBoostTree]
    /// Class or target that each tree adds to.
    let treeGroups: [Int32]
    let objective: TreeObjective
    let featureCount: Int
    let featureNames: [String]
    let groupCount: Int
    /// One value a group, as the file states it (not yet a margin).
    let baseScores: [Float]

    /// A key that only XGBoost's files have at their top.
    static let mark = "learner"

    /// Reads a file; afterwards counts agree with each other and lie within the limits, while what
    /// the trees contain is still to be checked.
    init(json: [UInt8]) throws(TreeModelError) {
        guard json.count <= TreeLimits.fileBytes else {
            throw .overLimit(path: "file", found: json.count, limit: TreeLimits.fileBytes)
        }
        var reader = JSONReader(json)
        var learner: XGBoostLearner?
        try reader.object { (reader, key) throws(TreeModelError) in
            guard key == Self.mark else {
                guard key != ConiferModel.mark else {
                    throw .unsupported(
                        path: key,
                        found: "a model that conifer saved, in fixed point",
                        allowed: "one that XGBoost saved, unless the precision is fixed"
                    )
                }
                try reader.skipValue()
                return
            }
            try reader.store(try XGBoostLearner(reading: &reader), in: &learner)
        }
        try reader.end()
        guard let learner else { throw .missing(path: Self.mark, allowed: "an object") }
        try self.init(learner)
    }

    private init(_ learner: XGBoostLearner) throws(TreeModelError) {
        // The booster first: a file of another kind lacks the rest for that reason.
        let booster = try learner.required(learner.booster, "gradient_booster.name")
        guard booster == "gbtree" else {
            throw .unsupported(
                path: "learner.gradient_booster.name",
                found: TreeModelError.quote(booster),
                allowed: "\"gbtree\""
            )
        }
        let name = try learner.required(learner.objective, "objective.name")
        guard let objective = TreeObjective(rawValue: name) else {
            throw .unsupported(
                path: "learner.objective.name",
                found: TreeModelError.quote(name),
                allowed: TreeObjective.allCases.map(\.rawValue).joined(separator: " ")
            )
        }
        self.objective = objective
        featureCount = try learner.required(
            learner.featureCount,
            "learner_model_param.num_feature",
            1...TreeLimits.features
        )
        groupCount = try Self.groupCount(learner)
        featureNames = learner.featureNames ?? []
        guard featureNames.isEmpty || featureNames.count == featureCount else {
            throw .malformed(
                path: "learner.feature_names",
                found: "\(featureNames.count) names",
                allowed: "none or \(featureCount), as num_feature says"
            )
        }
        let baseScore = try learner.required(
            learner.baseScore,
            "learner_model_param.base_score"
        )
        var scores: [Float] = []
        try XGBoostBaseScore.read(baseScore, groupCount: groupCount, into: &scores)
        baseScores = scores
        trees = try learner.required(learner.trees, "gradient_booster.model.trees")
        treeGroups = try learner.required(
            learner.treeGroups,
            "gradient_booster.model.tree_info"
        )
        try checkTreeGroups()
    }

    /// The number of classes or of targets; one where there are neither.
    private static func groupCount(_ learner: XGBoostLearner) throws(TreeModelError) -> Int {
        // num_class is 0 where there are no classes, num_target is absent before 1.7.
        let classes = try learner.required(
            learner.classCount,
            "learner_model_param.num_class",
            0...TreeLimits.groups
        )
        let targets = try learner.required(
            learner.targetCount ?? 1,
            "learner_model_param.num_target",
            0...TreeLimits.groups
        )
        guard classes <= 1 || targets <= 1 else {
            throw .unsupported(
                path: "learner.learner_model_param.num_target",
                found: "\(targets)",
                allowed: "1 where there are classes"
            )
        }
        return max(1, classes, targets)
    }

    /// Makes sure that each tree adds to a group that exists.
    private func checkTreeGroups() throws(TreeModelError) {
        guard treeGroups.count == trees.count else {
            throw .malformed(
                path: "learner.gradient_booster.model.tree_info",
                found: "\(treeGroups.count) entries",
                allowed: "\(trees.count), one a tree"
            )
        }
        for (tree, group) in treeGroups.enumerated() where group < 0 || group >= groupCount {
            throw .malformed(
                path: "learner.gradient_booster.model.tree_info[\(tree)]",
                found: "\(group)",
                allowed: "0...\(groupCount - 1)"
            )
        }
    }
}
