internal import Glibc
internal import StrictYAML

/// A file or folder could not be read.
public struct FileFailure: Error, Sendable, Equatable, CustomStringConvertible {
    /// Path as it was asked for.
    public let path: String
    /// What the system said, or the limit that was passed.
    public let message: String

    /// One line.
    public var description: String { "\(path): \(message)".onOneLine }

    /// What went wrong at `path`.
    package init(path: String, message: String) {
        self.path = path
        self.message = message
    }

    /// What the system says went wrong at `path`.
    package init(errno code: Int32 = errno, at path: String) {
        let text = unsafe strerror(code).map { unsafe String(cString: $0) }
        self.init(path: path, message: text ?? "error \(code)")
    }
}

/// Whole files, within a limit.
package enum FileReading {
    /// Bytes that one system call reads: while it runs, Linux may let nothing else have the
    /// processor until its next tick.
    private static let pieceBytes = 128 << 10

    /// The bytes of the file at `path`, at most `limit`.
    package static func bytes(_ path: String, limit: Int) throws(FileFailure) -> [UInt8] {
        // Not to wait for whoever writes, should it be a pipe.
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw FileFailure(at: path) }
        defer { _ = close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw FileFailure(at: path) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw FileFailure(path: path, message: "not a regular file")
        }
        let size = Int(status.st_size)
        guard size <= limit else {
            throw FileFailure(path: path, message: "\(size) bytes, allowed are \(limit)")
        }
        var filled = 0
        var code: Int32 = 0
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            while filled < size {
                let got = unsafe read(
                    descriptor,
                    buffer.baseAddress.unsafelyUnwrapped + filled,
                    min(size - filled, pieceBytes)
                )
                if got > 0 {
                    filled += got
                } else if got == 0 {
                    break
                } else if errno != EINTR {
                    code = errno
                    break
                }
            }
            count = filled
        }
        guard code == 0 else { throw FileFailure(errno: code, at: path) }
        guard filled == size else {
            throw FileFailure(path: path, message: "shrank while it was read")
        }
        return bytes
    }

    /// Names in the folder at `path`, sorted; hidden ones are left out.
    package static func names(_ path: String, limit: Int) throws(FileFailure) -> [String] {
        guard let folder = unsafe opendir(path) else { throw FileFailure(at: path) }
        defer { unsafe closedir(folder) }
        var names: [String] = []
        while let entry = unsafe readdir(folder) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { tuple in
                unsafe tuple.withMemoryRebound(to: CChar.self, capacity: 256) { characters in
                    unsafe String(cString: characters)
                }
            }
            guard !name.hasPrefix(".") else { continue }
            names.append(name)
            guard names.count <= limit else {
                throw FileFailure(path: path, message: "more than \(limit) entries")
            }
        }
        return names.sorted()
    }

    /// Whether `path` is a folder.
    static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }
}
