internal import Execution
internal import Glibc

/// Why a measured ladder could not be kept or read, in one line.
///
/// Nobody is refused because of it: shapes are measured again.
struct LadderFailure: Error, CustomStringConvertible {
    let description: String

    init(_ path: String, _ message: String) {
        description = "\(path): \(message)"
    }

    init(errnoAt path: String) {
        self.init(path, unsafe strerror(errno).map { unsafe String(cString: $0) } ?? "failed")
    }
}

/// A folder of measured ladders, a file each, so that a restart need not measure again.
///
/// Costs only: whether every row has the same bits is checked whenever a model is loaded.
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
    func read(_ key: LadderKey) throws(LadderFailure) -> Ladder? {
        let name = "\(path)/\(key.fileName)"
        guard let file = unsafe fopen(name, "rbe") else {
            if errno == ENOENT { return nil }
            throw LadderFailure(errnoAt: name)
        }
        defer { unsafe fclose(file) }
        var bytes = [UInt8](repeating: 0, count: Self.maximumBytes)
        let count = unsafe fread(&bytes, 1, bytes.count, file)
        guard unsafe ferror(file) == 0 else { throw LadderFailure(errnoAt: name) }
        let text = String(decoding: bytes[0..<count], as: UTF8.self)
        let head = Self.title + key.text
        guard text.hasPrefix(head), let ladder = Ladder(text: text.dropFirst(head.count)) else {
            throw LadderFailure(name, "is no ladder of this model; measured again")
        }
        return ladder
    }

    /// Keeps `ladder` under `key`: whole or not at all.
    func write(_ ladder: Ladder, _ key: LadderKey) throws(LadderFailure) {
        guard unsafe mkdir(path, 0o755) == 0 || errno == EEXIST else {
            throw LadderFailure(errnoAt: path)
        }
        let name = "\(path)/\(key.fileName)"
        let temporary = "\(name).\(getpid()).new"
        guard let file = unsafe fopen(temporary, "wbe") else {
            throw LadderFailure(errnoAt: temporary)
        }
        let bytes = Array((Self.title + key.text + ladder.text).utf8)
        let written = unsafe fwrite(bytes, 1, bytes.count, file)
        let closed = unsafe fclose(file)
        guard written == bytes.count, closed == 0, unsafe rename(temporary, name) == 0 else {
            let failure = LadderFailure(errnoAt: name)
            unsafe unlink(temporary)
            throw failure
        }
        try removeOldest()
    }

    /// Keeps the folder within its limit.
    private func removeOldest() throws(LadderFailure) {
        guard let folder = unsafe opendir(path) else { throw LadderFailure(errnoAt: path) }
        defer { unsafe closedir(folder) }
        var files: [(time: Int, path: String)] = []
        while let entry = unsafe readdir(folder) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { tuple in
                unsafe tuple.withMemoryRebound(to: CChar.self, capacity: 256) { characters in
                    unsafe String(cString: characters)
                }
            }
            var status = stat()
            // Whatever else lies there is somebody's own.
            guard name.hasSuffix(LadderKey.suffix), unsafe stat("\(path)/\(name)", &status) == 0
            else {
                continue
            }
            files.append((status.st_mtim.tv_sec, "\(path)/\(name)"))
        }
        files.sort { $0.time < $1.time }
        for file in files.dropLast(Self.maximumFiles) where unsafe unlink(file.path) != 0 {
            throw LadderFailure(errnoAt: file.path)
        }
    }
}
