import Glibc

/// Whole small files.
enum TextFile {
    /// The text of a file from an offset on, or nil.
    static func read(_ path: String, from offset: Int = 0) -> String? {
        bytes(path, from: offset).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Bytes of a file, 0 if there is none.
    static func size(_ path: String) -> Int {
        var status = stat()
        return unsafe stat(path, &status) == 0 ? Int(status.st_size) : 0
    }

    /// The bytes of a file from an offset on, or nil; also of files under /proc, which have no size.
    static func bytes(_ path: String, from offset: Int = 0) -> [UInt8]? {
        guard let file = unsafe fopen(path, "rbe") else { return nil }
        defer { unsafe fclose(file) }
        guard unsafe offset == 0 || fseek(file, offset, SEEK_SET) == 0 else { return nil }
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = unsafe fread(&block, 1, block.count, file)
            guard count > 0 else { return bytes }
            bytes.append(contentsOf: block[0..<count])
        }
    }

    /// Writes a file.
    static func write(_ text: String, to path: String) throws(BenchFailure) {
        guard let file = unsafe fopen(path, "wbe") else {
            throw BenchFailure("\(path) cannot be written")
        }
        defer { unsafe fclose(file) }
        unsafe fputs(text, file)
    }
}
