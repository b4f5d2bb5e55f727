internal import Glibc

/// The files of one kind in a folder that keeps no more than so many of them.
///
/// Whatever else lies there is somebody's own.
package struct KeptFiles: Sendable {
    /// Most entries that the folder may have, those of others with them.
    private static let maximumEntries = 4096

    private let folder: String
    private let suffix: String
    private let maximum: Int

    /// At most `maximum` files of `folder` whose names end with `suffix`.
    package init(in folder: String, suffix: String, maximum: Int) {
        self.folder = folder
        self.suffix = suffix
        self.maximum = maximum
    }

    /// Paths, oldest first; none where there is no folder.
    package func paths() throws(FileFailure) -> [String] {
        guard unsafe access(folder, F_OK) == 0 || errno != ENOENT else { return [] }
        var files: [(time: timespec, path: String)] = []
        for name in try FileReading.names(folder, limit: Self.maximumEntries)
        where name.hasSuffix(suffix) {
            let path = "\(folder)/\(name)"
            var status = stat()
            guard unsafe stat(path, &status) == 0 else { continue }
            files.append((status.st_mtim, path))
        }
        files.sort {
            ($0.time.tv_sec, $0.time.tv_nsec, $0.path) < ($1.time.tv_sec, $1.time.tv_nsec, $1.path)
        }
        return files.map(\.path)
    }

    /// Writes a file of this kind, whole or not at all, for which the oldest others make room.
    package func keep(_ bytes: [UInt8], as name: String) throws(FileFailure) {
        try FileWriting.write(bytes, to: name, in: folder)
        for path in try paths().dropLast(maximum) where path != "\(folder)/\(name)" {
            guard unsafe unlink(path) == 0 else { throw FileFailure(at: path) }
        }
    }
}
