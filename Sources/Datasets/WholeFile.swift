internal import Glibc
internal import Synchronization

/// Files that are written whole or not at all: beside the target first, then renamed.
enum WholeFile {
    /// Refuses a path that cannot be written, before the work whose result belongs there.
    static func check(_ path: String) throws(DatasetError) {
        var status = stat()
        if unsafe stat(path, &status) == 0 {
            guard !isFolder(status) else { throw DatasetError(path, "is a directory") }
            // A rename would put a file in the place of a device.
            guard isRegular(status) else { throw DatasetError(path, "is no regular file") }
        }
        let folder = folder(of: path)
        guard unsafe stat(folder, &status) == 0 else { throw systemError(path) }
        guard isFolder(status) else { throw DatasetError(path, "\(folder) is no directory") }
        guard unsafe access(folder, W_OK | X_OK) == 0 else { throw systemError(path) }
    }

    /// Writes `bytes` to `path`.
    ///
    /// SIGINT and SIGTERM remove the draft before they end the process. One call at a time.
    static func write(_ bytes: [UInt8], to path: String) throws(DatasetError) {
        try check(path)
        let draft = "\(path).\(getpid()).part"
        let guardian = DraftGuardian(draft)
        defer { guardian.end() }
        guard let file = unsafe fopen(draft, "wb") else { throw systemError(path) }
        let written = unsafe fwrite(bytes, 1, bytes.count, file)
        let isFlushed = unsafe fflush(file) == 0 && fsync(fileno(file)) == 0
        let isClosed = unsafe fclose(file) == 0
        guard written == bytes.count, isFlushed, isClosed, unsafe rename(draft, path) == 0 else {
            let error = systemError(path)
            unsafe unlink(draft)
            throw error
        }
    }

    /// Reads a regular file.
    static func read(_ path: String, maximumBytes: Int) throws(DatasetError) -> [UInt8] {
        guard let file = unsafe fopen(path, "rb") else { throw systemError(path) }
        defer { unsafe fclose(file) }
        var status = stat()
        guard unsafe fstat(fileno(file), &status) == 0 else { throw systemError(path) }
        guard !isFolder(status) else { throw DatasetError(path, "is a directory") }
        guard isRegular(status) else { throw DatasetError(path, "is no regular file") }
        let size = Int(status.st_size)
        guard size <= maximumBytes else {
            throw DatasetError(path, "is larger than \(maximumBytes) bytes")
        }
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: max(size, 1)) { buffer, count in
            count = unsafe fread(buffer.baseAddress, 1, size, file)
        }
        guard bytes.count == size else { throw systemError(path) }
        return bytes
    }

    private static func isFolder(_ status: stat) -> Bool { status.st_mode & S_IFMT == S_IFDIR }

    private static func isRegular(_ status: stat) -> Bool { status.st_mode & S_IFMT == S_IFREG }

    private static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    private static func systemError(_ path: String) -> DatasetError {
        unsafe DatasetError(
            path,
            strerror(errno).map { unsafe String(cString: $0) } ?? "error \(errno)"
        )
    }
}

/// Removes a draft when a signal ends the process.
///
/// A signal that is ignored, as under nohup, stays ignored.
@safe
private struct DraftGuardian {
    private static let signals = [SIGINT, SIGTERM]
    private let name: UnsafeMutablePointer<CChar>?
    private var earlier: [(number: Int32, action: sigaction)] = []

    init(_ draft: String) {
        unsafe name = unsafe strdup(draft)
        unsafe guardedDraft.store(UInt(bitPattern: name), ordering: .sequentiallyConsistent)
        for number in Self.signals {
            var found = sigaction()
            guard unsafe sigaction(number, nil, &found) == 0,
                unsafe found.__sigaction_handler.sa_handler == nil
            else { continue }
            var action = sigaction()
            unsafe action.__sigaction_handler.sa_handler = removeGuardedDraft
            // The default comes back first, so that raising the signal again ends the process.
            action.sa_flags = Int32(bitPattern: UInt32(SA_RESETHAND))
            if unsafe sigaction(number, &action, nil) == 0 {
                earlier.append((number, found))
            }
        }
    }

    /// Gives the signals back.
    func end() {
        for index in earlier.indices {
            var action = earlier[index].action
            unsafe sigaction(earlier[index].number, &action, nil)
        }
        guardedDraft.store(0, ordering: .sequentiallyConsistent)
        unsafe free(name)
    }
}

/// Address of the draft's path while one is being written, for the signal handler; else 0.
private let guardedDraft = Atomic<UInt>(0)

/// Calls only what may be called in a signal handler.
@c
private func removeGuardedDraft(_ number: Int32) {
    let address = guardedDraft.load(ordering: .sequentiallyConsistent)
    if let name = unsafe UnsafePointer<CChar>(bitPattern: address) { unsafe unlink(name) }
    raise(number)
}
