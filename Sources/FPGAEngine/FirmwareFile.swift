internal import CCrypto
internal import Glibc

/// Files of a version's folder: whole, within a limit, and by their digests.
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

    /// SHA-256 in 64 hexadecimal digits.
    static func digest(of bytes: [UInt8]) -> String {
        var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var count: UInt32 = 0
        let code = unsafe bytes.withUnsafeBytes { content in
            unsafe EVP_Digest(
                content.baseAddress,
                content.count,
                &digest,
                &count,
                EVP_sha256(),
                nil
            )
        }
        // EVP_Digest fails for want of memory only.
        precondition(code == 1 && count == 32, "SHA-256 failed")
        return digest[0..<32].map { byte in
            let text = String(byte, radix: 16)
            return text.utf8.count == 1 ? "0" + text : text
        }.joined()
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
