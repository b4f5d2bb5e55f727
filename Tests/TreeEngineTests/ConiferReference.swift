import FoundationEssentials
import Testing

/// What conifer's cpp backend answered for one model; files made by
/// Reference/make_conifer_reference.py.
struct ConiferReference {
    let model: [UInt8]
    let rows: Int
    let features: [Float]
    let scores: [Double]
    /// Rows with a feature that the input's type does not hold.
    let flaggedRows: [Int]

    /// All models in the manifest; one test each.
    static let names = [
        "depth_4", "equal_left", "coarse", "wraps", "classes", "two_types", "rounds",
        "rounds_equal", "no_sign", "wide", "wide_saturates", "norm",
    ]

    init(_ name: String) throws {
        guard let line = try Self.manifest().first(where: { $0[0] == name }),
            let rows = Int(line[1])
        else {
            throw Reference.Unavailable(description: "manifest.txt has no line for \(name)")
        }
        self.rows = rows
        model = try Self.bytes("\(name).json")
        features = try Self.numbers("\(name).features", UInt32.self).map(Float.init(bitPattern:))
        scores = try Self.numbers("\(name).scores", UInt64.self).map(Double.init(bitPattern:))
        let flags = try Self.bytes("\(name).flags")
        flaggedRows = flags.indices.filter { flags[$0] == 1 }
    }

    /// Lines of the manifest, split into words.
    static func manifest() throws -> [[Substring]] {
        let text = String(decoding: try bytes("manifest.txt"), as: UTF8.self)
        return text.split(separator: "\n").map { $0.split(separator: " ") }
    }

    /// The bytes of one file; an unset variable is a failure, not a reason to skip.
    static func bytes(_ file: String) throws -> [UInt8] {
        guard let path = ProcessInfo.processInfo.environment["VIGIL_CONIFER_REFERENCE"] else {
            throw Reference.Unavailable(
                description: """
                    VIGIL_CONIFER_REFERENCE is not set. Run Tests/TreeEngineTests/Reference/\
                    make_conifer_reference.py DIRECTORY and set it to DIRECTORY.
                    """
            )
        }
        return [UInt8](try Data(contentsOf: URL(filePath: "\(path)/\(file)")))
    }

    /// Little-endian words of a file.
    private static func numbers<Word: FixedWidthInteger>(
        _ file: String,
        _ type: Word.Type
    ) throws -> [Word] {
        let bytes = try bytes(file)
        let size = MemoryLayout<Word>.size
        return stride(from: 0, to: bytes.count - size + 1, by: size).map { start in
            (0..<size).reduce(0) { $0 | Word(bytes[start + $1]) << ($1 * 8) }
        }
    }
}
