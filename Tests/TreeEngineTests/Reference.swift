import FoundationEssentials
import Testing

/// What XGBoost answered for one model; files made by Reference/make_reference.py.
struct Reference {
    let model: [UInt8]
    let rows: Int
    let features: [Float]
    let margins: [Float]
    let predictions: [Float]
    /// Of the first rows, [row, group, feature], with the base value as the last feature.
    let contributions: [Float]

    /// Why a reference could not be had.
    struct Unavailable: Error, CustomStringConvertible {
        let description: String
    }

    /// All models in the manifest; one test each.
    static let names = [
        "binary", "binary_second_form", "binary_score_near_0", "binary_score_1",
        "binary_score_002", "logitraw", "hinge", "softprob", "softprob_one_score", "softmax",
        "regression", "pruned", "deep", "parallel", "leaf_only", "wide", "targets", "quantiles",
        "absolute", "huber", "squared_log", "reg_logistic", "poisson", "gamma", "tweedie", "cox",
        "aft", "rank_pairwise", "rank_ndcg", "rank_map", "er_nr_tree", "many_bins", "missing",
    ]

    /// Where the files are; an unset variable is a failure, not a reason to skip.
    static func directory() throws -> String {
        guard let path = ProcessInfo.processInfo.environment["VIGIL_TREE_REFERENCE"] else {
            throw Unavailable(
                description: """
                    VIGIL_TREE_REFERENCE is not set. Run Tests/TreeEngineTests/Reference/\
                    make_reference.py DIRECTORY and set it to DIRECTORY.
                    """
            )
        }
        return path
    }

    /// Lines of the manifest, split into words.
    static func manifest() throws -> [[Substring]] {
        let text = String(decoding: try bytes("manifest.txt"), as: UTF8.self)
        return text.split(separator: "\n").map { $0.split(separator: " ") }
    }

    init(_ name: String) throws {
        guard let line = try Self.manifest().first(where: { $0[0] == name }),
            let rows = Int(line[1])
        else {
            throw Unavailable(description: "manifest.txt has no line for \(name)")
        }
        self.rows = rows
        model = try Self.bytes("\(name).json")
        features = try Self.floats("\(name).features")
        margins = try Self.floats("\(name).margins")
        predictions = try Self.floats("\(name).predictions")
        contributions = try Self.floats("\(name).contributions")
    }

    /// The bytes of one file in the directory.
    static func bytes(_ file: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(filePath: "\(try directory())/\(file)")))
    }

    private static func floats(_ file: String) throws -> [Float] {
        let bytes = try bytes(file)
        return [Float](capacity: bytes.count / 4) { output in
            for start in stride(from: 0, to: bytes.count - 3, by: 4) {
                let bits =
                    UInt32(bytes[start]) | UInt32(bytes[start + 1]) << 8
                    | UInt32(bytes[start + 2]) << 16 | UInt32(bytes[start + 3]) << 24
                output.append(Float(bitPattern: bits))
            }
        }
    }
}
