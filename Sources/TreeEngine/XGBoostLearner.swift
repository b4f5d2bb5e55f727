/// The fields of `learner` in an XGBoost file, each as far as it was present.
struct XGBoostLearner {
    var booster: String?
    var trees: [XGBoostTree]?
    var treeGroups: [Int32]?
    var objective: String?
    var baseScore: String?
    var featureCount: Int?
    var classCount: Int?
    var targetCount: Int?
    var featureNames: [String]?

    /// Reads the object `learner`.
    init(reading reader: inout JSONReader) throws(TreeModelError) {
        var fields = Self()
        try reader.object { (reader, key) throws(TreeModelError) in
            switch key {
            case "gradient_booster": try fields.readBooster(&reader)
            case "learner_model_param": try fields.readParameters(&reader)
            case "objective":
                try reader.object { (reader, key) throws(TreeModelError) in
                    guard key == "name" else {
                        try reader.skipValue()
                        return
                    }
                    try reader.store(try reader.string(), in: &fields.objective)
                }
            case "feature_names":
                try reader.strings(into: &fields.featureNames, limit: TreeLimits.features)
            default: try reader.skipValue()
            }
        }
        self = fields
    }

    private init() {}

    /// A field that has to be there.
    func required<Value>(_ value: Value?, _ path: String) throws(TreeModelError) -> Value {
        guard let value else { throw .missing(path: "learner." + path, allowed: "a value") }
        return value
    }

    /// A count that has to be there and to lie in a range.
    func required(
        _ value: Int?,
        _ path: String,
        _ range: ClosedRange<Int>
    ) throws(TreeModelError) -> Int {
        let value = try required(value, path)
        guard value <= range.upperBound else {
            throw .overLimit(path: "learner." + path, found: value, limit: range.upperBound)
        }
        guard value >= range.lowerBound else {
            throw .malformed(
                path: "learner." + path,
                found: "\(value)",
                allowed: "at least \(range.lowerBound)"
            )
        }
        return value
    }

    private mutating func readParameters(_ reader: inout JSONReader) throws(TreeModelError) {
        try reader.object { (reader, key) throws(TreeModelError) in
            switch key {
            case "base_score": try reader.store(try reader.string(), in: &baseScore)
            case "num_feature": try reader.quotedCount(into: &featureCount)
            case "num_class": try reader.quotedCount(into: &classCount)
            case "num_target": try reader.quotedCount(into: &targetCount)
            default: try reader.skipValue()
            }
        }
    }

    private mutating func readBooster(_ reader: inout JSONReader) throws(TreeModelError) {
        try reader.object { (reader, key) throws(TreeModelError) in
            switch key {
            case "name": try reader.store(try reader.string(), in: &booster)
            case "model": try readModel(&reader)
            default: try reader.skipValue()
            }
        }
    }

    private mutating func readModel(_ reader: inout JSONReader) throws(TreeModelError) {
        try reader.object { (reader, key) throws(TreeModelError) in
            switch key {
            case "trees":
                var list: [XGBoostTree] = []
                try reader.array { (reader, index) throws(TreeModelError) in
                    try reader.check(index + 1, TreeLimits.trees)
                    list.append(try XGBoostTree(reading: &reader))
                }
                try reader.store(list, in: &trees)
            case "tree_info": try reader.integers(into: &treeGroups, limit: TreeLimits.trees)
            default: try reader.skipValue()
            }
        }
    }
}
