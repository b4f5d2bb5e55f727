internal import Glibc
internal import Tensors

/// Named arrays of a .npz file, or the one of a .npy file.
public struct Dataset: Sendable {
    /// Most bytes of a file.
    public static let maximumFileBytes = 16 << 30

    private enum Entry: Sendable {
        case array(NumericArray)
        /// It cannot be used; the reason is given when it is asked for.
        case unusable(DatasetError)
    }

    /// Names in the order of the file.
    public private(set) var names: [String] = []
    /// File, for messages.
    public let path: String
    /// SHA-256 is taken of these by whoever quotes the data.
    public private(set) var fileBytes: [UInt8] = []
    private var entries: [String: Entry] = [:]

    /// An empty dataset that will be written.
    public init() {
        path = ""
    }

    /// Reads a file; a .npy file's array is named "array".
    public init(path: String) throws(DatasetError) {
        self.path = path
        let bytes = try Self.read(path)
        fileBytes = bytes
        if bytes.prefix(6).elementsEqual([0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59]) {
            self["array"] = try NpyFormat.read(bytes[...], place: path)
            return
        }
        guard bytes.prefix(2).elementsEqual([0x50, 0x4B]) else {
            throw DatasetError(path, "is neither a .npy nor a .npz file")
        }
        let archive = try ZipArchive(bytes, place: path)
        for entry in archive.entries {
            let name = entry.name.hasSuffix(".npy") ? String(entry.name.dropLast(4)) : entry.name
            names.append(name)
            do throws(DatasetError) {
                let content = try archive.read(entry)
                entries[name] = .array(
                    try NpyFormat.read(content[...], place: "\(path)[\(name)]")
                )
            } catch {
                entries[name] = .unusable(error)
            }
        }
    }

    /// The array of a name, or nil when there is none or it cannot be used.
    public subscript(name: String) -> NumericArray? {
        get {
            guard case .array(let array) = entries[name] else { return nil }
            return array
        }
        set {
            if newValue == nil {
                names.removeAll { $0 == name }
            } else if entries[name] == nil {
                names.append(name)
            }
            entries[name] = newValue.map { .array($0) }
        }
    }

    /// The array of a name; the error says why there is none.
    public func array(_ name: String) throws(DatasetError) -> NumericArray {
        switch entries[name] {
        case .array(let array): return array
        case .unusable(let error): throw error
        case nil:
            throw DatasetError(
                path,
                "there is no array '\(name)', it holds \(names.joined(separator: ", "))"
            )
        }
    }

    /// Writes a .npz file, entries stored.
    public func write(to path: String) throws(DatasetError) {
        var archive = ZipWriter()
        for name in names {
            guard case .array(let array) = entries[name] else { continue }
            guard let bytes = NpyFormat.write(array) else {
                throw DatasetError(
                    "\(path)[\(name)]",
                    "NumPy has no type \(array.type.name), so it cannot be written"
                )
            }
            archive.add("\(name).npy", bytes)
        }
        try Self.write(archive.finished(), to: path)
    }

    /// Writes whole or not at all: beside the file first, then renamed.
    public static func write(_ bytes: [UInt8], to path: String) throws(DatasetError) {
        let draft = "\(path).\(getpid()).part"
        guard let file = unsafe fopen(draft, "wb") else { throw systemError(draft) }
        let written = unsafe fwrite(bytes, 1, bytes.count, file)
        let isFlushed = unsafe fflush(file) == 0 && fsync(fileno(file)) == 0
        let isClosed = unsafe fclose(file) == 0
        guard written == bytes.count, isFlushed, isClosed, unsafe rename(draft, path) == 0 else {
            let error = systemError(path)
            unsafe unlink(draft)
            throw error
        }
    }

    private static func read(_ path: String) throws(DatasetError) -> [UInt8] {
        guard let file = unsafe fopen(path, "rb") else { throw systemError(path) }
        defer { unsafe fclose(file) }
        guard unsafe fseek(file, 0, SEEK_END) == 0 else { throw systemError(path) }
        let size = unsafe ftell(file)
        guard size >= 0, size <= maximumFileBytes else {
            throw DatasetError(path, "is no file, or larger than \(maximumFileBytes) bytes")
        }
        unsafe rewind(file)
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: max(size, 1)) { buffer, count in
            count = unsafe fread(buffer.baseAddress, 1, size, file)
        }
        guard bytes.count == size else { throw systemError(path) }
        return bytes
    }

    private static func systemError(_ path: String) -> DatasetError {
        unsafe DatasetError(
            path,
            strerror(errno).map { unsafe String(cString: $0) } ?? "error \(errno)"
        )
    }
}
