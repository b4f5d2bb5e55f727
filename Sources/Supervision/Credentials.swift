internal import Glibc

/// Secrets that the service manager placed in `$CREDENTIALS_DIRECTORY`, a file each
/// (systemd.io/CREDENTIALS).
public struct Credentials: Sendable {
    /// Longest secret.
    private static let maximumBytes = 4096

    private let directory: String?

    /// The credentials of this service, if it has any.
    public init(_ environment: ServiceEnvironment) {
        directory = environment["CREDENTIALS_DIRECTORY"]
    }

    /// The secret of a name without the line feed at its end, or nil when there is none.
    ///
    /// - Throws: When it is there and cannot be used: unreadable, empty, longer than 4,096 bytes.
    public func secret(_ name: String) throws(SupervisionFailure) -> [UInt8]? {
        guard let directory else { return nil }
        let path = "\(directory)/\(name)"
        guard let file = unsafe fopen(path, "rbe") else {
            if errno == ENOENT { return nil }
            throw SupervisionFailure(
                unsafe "credential \(name): \(String(cString: strerror(errno)))"
            )
        }
        defer { unsafe fclose(file) }
        var bytes = [UInt8](repeating: 0, count: Self.maximumBytes + 2)
        let count = unsafe fread(&bytes, 1, bytes.count, file)
        guard unsafe ferror(file) == 0 else {
            throw SupervisionFailure("credential \(name): cannot be read")
        }
        var secret = bytes[0..<count]
        if secret.last == UInt8(ascii: "\n") { secret.removeLast() }
        guard (1...Self.maximumBytes).contains(secret.count) else {
            throw SupervisionFailure(
                "credential \(name): found \(secret.isEmpty ? "nothing" : "more"), allowed are 1 to \(Self.maximumBytes) bytes"
            )
        }
        return Array(secret)
    }
}
