internal import Catalog
internal import Execution
internal import Glibc

/// A folder of measured ladders, a file each, so that a restart need not measure again.
///
/// Costs only: whether every row has the same bits is checked whenever a model is loaded. Nobody is
/// refused because a file cannot be read or written: shapes are measured again.
public struct LadderFolder: Sendable {
    /// Most files kept; past it the oldest is removed.
    static let maximumFiles = 256
    /// Largest file that is read, bytes.
    static let maximumBytes = 64 << 10
    private static let title = "vigil ladder 1\n"

    private let path: String

    /// The folder at `path`, which is made when the first ladder is kept.
    public init(path: String) {
        self.path = path
    }

    /// What was kept under `key`, or nil.
    func read(_ key: LadderKey) throws(FileFailure) -> Ladder? {
        let name = "\(path)/\(key.fileName)"
        guard unsafe access(name, F_OK) == 0 || errno != ENOENT else { return nil }
        let bytes = try FileReading.bytes(name, limit: Self.maximumBytes)
        let text = String(decoding: bytes, as: UTF8.self)
        let head = Self.title + key.text
        guard text.hasPrefix(head), let ladder = Ladder(text: text.dropFirst(head.count)) else {
            throw FileFailure(path: name, message: "is no ladder of this model; measured again")
        }
        return ladder
    }

    /// Keeps `ladder` under `key`: whole or not at all.
    func write(_ ladder: Ladder, _ key: LadderKey) throws(FileFailure) {
        try FileWriting.makeFolder(path)
        let text = Self.title + key.text + ladder.text
        try KeptFiles(in: path, suffix: LadderKey.suffix, maximum: Self.maximumFiles)
            .keep(Array(text.utf8), as: key.fileName)
    }
}
