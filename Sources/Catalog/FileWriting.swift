internal import Glibc

/// Whole files, written so that a crash at any moment leaves the old one or the new one.
package enum FileWriting {
    /// Makes the folder at `path` unless it is there.
    package static func makeFolder(_ path: String) throws(FileFailure) {
        guard unsafe mkdir(path, 0o755) == 0 || errno == EEXIST else {
            throw FileFailure(at: path)
        }
    }

    /// Makes the folder at `path` and those that it lies in, unless they are there.
    package static func makeFolders(_ path: String) throws(FileFailure) {
        var made = path.hasPrefix("/") ? "" : "."
        for part in path.split(separator: "/") {
            made += "/\(part)"
            try makeFolder(made)
        }
    }

    /// Writes the file `name` in a folder whole or not at all: its bytes are on the disk before its name
    /// is, and its name before this returns.
    package static func write(
        _ bytes: [UInt8],
        to name: String,
        in folder: String
    ) throws(FileFailure) {
        let path = "\(folder)/\(name)"
        let draft = "\(path).\(getpid()).new"
        do throws(FileFailure) {
            try writeDraft(bytes, to: draft)
            guard unsafe rename(draft, path) == 0 else { throw FileFailure(at: path) }
        } catch {
            unsafe unlink(draft)
            throw error
        }
        let descriptor = unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileFailure(at: folder) }
        defer { _ = close(descriptor) }
        guard fsync(descriptor) == 0 else { throw FileFailure(at: folder) }
    }

    private static func writeDraft(_ bytes: [UInt8], to path: String) throws(FileFailure) {
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw FileFailure(at: path) }
        var written = 0
        var code: Int32 = 0
        while code == 0, written < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { raw in
                unsafe Glibc.write(
                    descriptor,
                    raw.baseAddress.unsafelyUnwrapped + written,
                    bytes.count - written
                )
            }
            if count >= 0 { written += count } else if errno != EINTR { code = errno }
        }
        if code == 0, fsync(descriptor) != 0 { code = errno }
        if close(descriptor) != 0, code == 0 { code = errno }
        guard code == 0 else { throw FileFailure(errno: code, at: path) }
    }
}
