internal import Catalog
internal import Glibc

/// Small files of the cache.
enum CacheFile {
    /// Makes the folder at `path` unless it is there.
    static func makeFolder(_ path: String) throws(FileFailure) {
        guard unsafe mkdir(path, 0o755) == 0 || errno == EEXIST else {
            throw FileFailure(at: path)
        }
    }

    /// Writes a file whole or not at all.
    static func write(_ text: String, to path: String) throws(FileFailure) {
        let temporary = "\(path).\(getpid()).new"
        guard let file = unsafe fopen(temporary, "wbe") else { throw FileFailure(at: temporary) }
        let bytes = Array(text.utf8)
        let written = unsafe fwrite(bytes, 1, bytes.count, file)
        let closed = unsafe fclose(file)
        guard written == bytes.count, closed == 0, unsafe rename(temporary, path) == 0 else {
            let failure = FileFailure(at: path)
            unsafe unlink(temporary)
            throw failure
        }
    }
}
