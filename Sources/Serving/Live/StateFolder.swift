internal import Calibration
package import Catalog
internal import Glibc

/// The calibrations that one model version learned, a file each, and which one is in use.
///
/// A file is written whole, to the disk, before the one in use names it: a crash in the middle of
/// anything leaves what was in use before.
package struct StateFolder: Sendable {
    /// Most learned calibrations that are kept; past it the oldest goes.
    package static let maximumFiles = 256
    /// Most entries that the folder may have, those of others with them.
    private static let maximumEntries = 4096
    private static let suffix = ".json"
    /// Name of the file that says which one is in use.
    private static let choice = "in-use"
    /// Bytes of that file at most.
    private static let maximumChoiceBytes = 256

    /// Which calibration is in use, and since when.
    package struct Choice: Equatable, Sendable {
        package let id: String
        /// ISO 8601.
        package let date: String

        /// A calibration since a date.
        package init(id: String, date: String) {
            self.id = id
            self.date = date
        }
    }

    package let path: String

    /// The folder of a version below `root`; made when the first calibration is kept.
    package init(root: String, model: String, version: String) {
        path = "\(root)/\(model)/\(version)"
    }

    /// The choice that was made last, or nil.
    package func choice() throws(FileFailure) -> Choice? {
        let name = "\(path)/\(Self.choice)"
        guard unsafe access(name, F_OK) == 0 || errno != ENOENT else { return nil }
        let bytes = try FileReading.bytes(name, limit: Self.maximumChoiceBytes)
        let words = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace)
        guard words.count == 2 else {
            throw FileFailure(path: name, message: "does not say which calibration is in use")
        }
        return Choice(id: String(words[0]), date: String(words[1]))
    }

    /// Every calibration that is kept, oldest first.
    package func sources() throws(FileFailure) -> [ModelSource.CalibrationSource] {
        guard unsafe access(path, F_OK) == 0 || errno != ENOENT else { return [] }
        var sources: [ModelSource.CalibrationSource] = []
        for file in try files() {
            let bytes = try FileReading.bytes(file, limit: CalibrationFile.maximumBytes)
            sources.append(.init(path: file, bytes: bytes, digest: Digest.text(of: bytes)))
        }
        return sources
    }

    /// Keeps a calibration under its id.
    package func keep(_ bytes: [UInt8], id: String) throws(FileFailure) {
        try makeFolders()
        try write(bytes, to: "\(path)/\(id)\(Self.suffix)")
        // The one in use is the newest or was asked for by name: never the oldest of so many.
        for file in try files().dropLast(Self.maximumFiles)
        where !file.hasSuffix("/\(id)\(Self.suffix)") {
            guard unsafe unlink(file) == 0 else { throw FileFailure(at: file) }
        }
    }

    /// Makes a calibration the one in use.
    package func use(_ choice: Choice) throws(FileFailure) {
        try makeFolders()
        try write(Array("\(choice.id) \(choice.date)\n".utf8), to: "\(path)/\(Self.choice)")
    }

    /// Paths of the files, oldest first.
    private func files() throws(FileFailure) -> [String] {
        var files: [(time: timespec, path: String)] = []
        for name in try FileReading.names(path, limit: Self.maximumEntries)
        where name.hasSuffix(Self.suffix) {
            var status = stat()
            guard unsafe stat("\(path)/\(name)", &status) == 0 else { continue }
            files.append((status.st_mtim, "\(path)/\(name)"))
        }
        files.sort {
            ($0.time.tv_sec, $0.time.tv_nsec, $0.path) < ($1.time.tv_sec, $1.time.tv_nsec, $1.path)
        }
        return files.map(\.path)
    }

    private func makeFolders() throws(FileFailure) {
        var made = path.hasPrefix("/") ? "" : "."
        for part in path.split(separator: "/") {
            made += "/\(part)"
            try CacheFile.makeFolder(made)
        }
    }

    /// Writes a file whole or not at all, and to the disk before its name.
    private func write(_ bytes: [UInt8], to name: String) throws(FileFailure) {
        let temporary = "\(name).\(getpid()).new"
        let descriptor = unsafe open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw FileFailure(at: temporary) }
        var written = 0
        var isWhole = true
        while isWhole, written < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { raw in
                unsafe Glibc.write(
                    descriptor,
                    raw.baseAddress.unsafelyUnwrapped + written,
                    bytes.count - written
                )
            }
            if count > 0 { written += count } else { isWhole = count < 0 && errno == EINTR }
        }
        isWhole = isWhole && fsync(descriptor) == 0
        let code = isWhole ? 0 : errno
        let isClosed = close(descriptor) == 0
        guard isWhole, isClosed, unsafe rename(temporary, name) == 0 else {
            let failure = FileFailure(errno: code == 0 ? errno : code, at: name)
            unsafe unlink(temporary)
            throw failure
        }
        let folder = unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw FileFailure(at: path) }
        defer { _ = close(folder) }
        guard fsync(folder) == 0 else { throw FileFailure(at: path) }
    }
}
