internal import Glibc

/// Files of a version's folder: whole, and within a limit.
enum FirmwareFile {
    /// The bytes of `folder`/`name`, of at most `limit`.
    static func bytes(
        _ name: String,
        in folder: String,
        limit: Int
    ) throws(FirmwareError) -> [UInt8] {
        // Not to wait for whoever writes, should it be a pipe.
        let descriptor = unsafe open("\(folder)/\(name)", O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw failure(name) }
        defer { _ = close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw failure(name) }
        guard status.st_mode & S_IFMT == S_IFREG, status.st_size <= limit else {
            throw FirmwareError(
                name,
                found: "\(status.st_size) bytes",
                allowed: "a regular file of at most \(limit) bytes"
            )
        }
        let size = Int(status.st_size)
        var filled = 0
        var code: Int32 = 0
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            while filled < size {
                let got = unsafe read(
                    descriptor,
                    buffer.baseAddress.unsafelyUnwrapped + filled,
                    size - filled
                )
                if got > 0 {
                    filled += got
                } else if got == 0 || errno != EINTR {
                    code = got == 0 ? 0 : errno
                    break
                }
            }
            count = filled
        }
        guard code == 0, filled == size else { throw failure(name, code) }
        return bytes
    }

    private static func failure(_ name: String, _ code: Int32 = errno) -> FirmwareError {
        let text = unsafe strerror(code).map { unsafe String(cString: $0) }
        return FirmwareError(
            name,
            found: code == 0 ? "a file that shrinks" : text ?? "error \(code)",
            allowed: "a file that can be read"
        )
    }
}
