/// What a conifer model file (`model.save()`, 1.11) says that matters here.
struct ConiferModel {
    let featureCount: Int
    /// Scores an event: one for two classes, else one a class.
    let groupCount: Int
    /// By round, then by group.
    let trees: [ConiferTree]
    /// What summing starts with, by group.
    let start: [Double]
    /// What the sums are multiplied with.
    let norm: Double
    /// Whether a feature that equals the threshold goes left.
    let equalGoesLeft: Bool
    let settings: ConiferSettings

    /// A key that only conifer's files have at their top.
    static let mark = "splitting_convention"

    /// Reads a file; afterwards counts agree with each other and lie within the limits, while where
    /// the trees' children are is still to be checked.
    init(json: [UInt8]) throws(TreeModelError) {
        guard json.count <= TreeLimits.fileBytes else {
            throw .overLimit(path: "file", found: json.count, limit: TreeLimits.fileBytes)
        }
        var fields = Fields()
        var reader = JSONReader(json)
        try reader.object { (reader, key) throws(TreeModelError) in
            try fields.read(key, &reader)
        }
        try reader.end()
        try self.init(fields)
    }

    private init(_ fields: Fields) throws(TreeModelError) {
        settings = try Self.present(fields.settings, "config", "an object")
        let count = try Self.present(fields.featureCount, "n_features", "a whole number")
        featureCount = try Self.inside(count, "n_features", 1...TreeLimits.features)
        let stated = try Self.present(fields.classCount, "n_classes", "a whole number")
        let classes = try Self.inside(stated, "n_classes", 1...TreeLimits.groups)
        groupCount = classes == 2 ? 1 : classes
        norm = try Self.present(fields.norm, "norm", "a number")
        start = try Self.present(fields.start, "init_predict", "an array by class")
        guard start.count == groupCount || start.count == classes else {
            throw .malformed(
                path: "init_predict",
                found: "\(start.count) entries",
                allowed: "\(groupCount), one a score"
            )
        }
        // Conifer's own reader takes a file that says nothing so.
        let convention = fields.convention ?? "<="
        guard convention == "<" || convention == "<=" else {
            throw .unsupported(
                path: Self.mark,
                found: TreeModelError.quote(convention),
                allowed: "\"<\" or \"<=\""
            )
        }
        equalGoesLeft = convention == "<="
        let rounds = try Self.present(fields.trees, "trees", "an array by round")
        let roundCount = try Self.present(fields.roundCount, "n_trees", "a whole number")
        guard rounds.count == roundCount else {
            throw .malformed(
                path: "n_trees",
                found: "\(roundCount)",
                allowed: "\(rounds.count), the length of trees"
            )
        }
        for (round, trees) in rounds.enumerated() where trees.count != groupCount {
            throw .malformed(
                path: "trees[\(round)]",
                found: "\(trees.count) trees",
                allowed: "\(groupCount), one a score"
            )
        }
        trees = rounds.flatMap(\.self)
    }

    /// The fields of the file, each as far as it was present.
    private struct Fields {
        var featureCount: Int?
        var classCount: Int?
        var roundCount: Int?
        var norm: Double?
        var start: [Double]?
        var convention: String?
        var settings: ConiferSettings?
        var trees: [[ConiferTree]]?

        mutating func read(_ key: String, _ reader: inout JSONReader) throws(TreeModelError) {
            switch key {
            case "n_features": try reader.store(Int(try reader.integer()), in: &featureCount)
            case "n_classes": try reader.store(Int(try reader.integer()), in: &classCount)
            case "n_trees": try reader.store(Int(try reader.integer()), in: &roundCount)
            case "norm": try reader.store(try reader.double(), in: &norm)
            case "init_predict": try reader.doubles(into: &start, limit: TreeLimits.groups)
            case ConiferModel.mark: try reader.store(try reader.string(), in: &convention)
            case "config":
                try reader.store(try ConiferSettings(reading: &reader), in: &settings)
            case "trees": try readTrees(&reader)
            case XGBoostModel.mark:
                throw .unsupported(
                    path: key,
                    found: "a model that XGBoost saved",
                    allowed: "one that conifer saved, where the precision is fixed"
                )
            default: try reader.skipValue()
            }
        }

        private mutating func readTrees(_ reader: inout JSONReader) throws(TreeModelError) {
            var rounds: [[ConiferTree]] = []
            var count = 0
            try reader.array { (reader, _) throws(TreeModelError) in
                var list: [ConiferTree] = []
                try reader.array { (reader, _) throws(TreeModelError) in
                    count += 1
                    try reader.check(count, TreeLimits.trees)
                    list.append(try ConiferTree(reading: &reader))
                }
                rounds.append(list)
            }
            try reader.store(rounds, in: &trees)
        }
    }

    private static func present<Value>(
        _ value: Value?,
        _ path: String,
        _ allowed: String
    ) throws(TreeModelError) -> Value {
        guard let value else { throw .missing(path: path, allowed: allowed) }
        return value
    }

    private static func inside(
        _ value: Int,
        _ path: String,
        _ range: ClosedRange<Int>
    ) throws(TreeModelError) -> Int {
        guard value <= range.upperBound else {
            throw .overLimit(path: path, found: value, limit: range.upperBound)
        }
        guard value >= range.lowerBound else {
            throw .malformed(path: path, found: "\(value)", allowed: "at least 1")
        }
        return value
    }
}
