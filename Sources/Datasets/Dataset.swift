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

    /// An empty one that quotes the file which its arrays will be of.
    init(path: String, fileBytes: [UInt8]) {
        self.path = path
        self.fileBytes = fileBytes
    }

    /// Reads a file; a .npy file's array is named "array".
    public init(path: String) throws(DatasetError) {
        self.path = path
        let bytes = try WholeFile.read(path, maximumBytes: Self.maximumFileBytes)
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

    /// Whether the file names such an array, of use or not.
    public func holds(_ name: String) -> Bool { entries[name] != nil }

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
            guard archive.add("\(name).npy", bytes) else {
                throw DatasetError(path, "written archives stay below 4 GiB: score fewer events")
            }
        }
        try Self.write(archive.finished(), to: path)
    }

    /// Writes whole or not at all: beside the file first, then renamed.
    ///
    /// SIGINT and SIGTERM leave nothing behind. One call at a time.
    public static func write(_ bytes: [UInt8], to path: String) throws(DatasetError) {
        try WholeFile.write(bytes, to: path)
    }

    /// Refuses a path that cannot be written, before the work whose result belongs there.
    public static func checkTarget(_ path: String) throws(DatasetError) {
        try WholeFile.check(path)
    }
}
