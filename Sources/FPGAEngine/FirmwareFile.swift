internal import Digests
internal import Glibc
internal import StrictJSON

/// A file beside the description, as that names it.
struct FirmwareFile {
    /// Longest name, in bytes.
    private static let nameBytes = 128

    let name: String
    private let digest: String
    /// Where its digest stands in the description.
    private let digestPlace: String

    /// Takes a name and a digest.
    init(_ fields: inout JSONFields) throws(ContentError) {
        name = try fields.text("file", limit: Self.nameBytes)
        guard !name.contains("/"), !name.hasPrefix(".") else {
            throw ContentError(
                fields.path("file"),
                found: "\"\(name)\"",
                allowed: "the name of a file in the same folder"
            )
        }
        digest = try fields.text("sha256", limit: Self.nameBytes)
        digestPlace = fields.path("sha256")
    }

    /// Its bytes, whose digest must be the one described.
    func bytes(in folder: String, limit: Int) throws(FirmwareError) -> [UInt8] {
        let bytes = try Self.bytes(name, in: folder, limit: limit)
        let found = Digest.hexadecimal(of: bytes)
        guard found == digest else {
            throw FirmwareError(
                "\(Firmware.fileName): \(digestPlace)",
                found: "\"\(digest)\"",
                allowed: "\"\(found)\", which is \(name)'s"
            )
        }
        return bytes
    }

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
