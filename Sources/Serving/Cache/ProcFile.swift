internal import Glibc

/// Files of /proc, which have no size to read by.
enum ProcFile {
    /// Read of each at most, bytes: the first processor of /proc/cpuinfo and more.
    private static let bytes = 16 << 10

    /// The lines of the file at `path`, empty ones with them; none where it cannot be read.
    static func lines(_ path: String) -> [Substring] {
        guard let file = unsafe fopen(path, "re") else { return [] }
        defer { unsafe fclose(file) }
        var content = [UInt8](repeating: 0, count: bytes)
        let count = unsafe fread(&content, 1, content.count, file)
        return String(decoding: content[0..<count], as: UTF8.self)
            .split(separator: "\n", omittingEmptySubsequences: false)
    }
}
