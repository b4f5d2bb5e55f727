/// Writes a zip file of stored entries, as numpy.savez does, up to 4 GiB.
struct ZipWriter {
    private var bytes: [UInt8] = []
    private var directory: [UInt8] = []
    private var count = 0

    /// Longest archive, its directory included: offsets have four bytes.
    private static let maximumBytes = (1 << 32) - 1

    /// Appends an entry; false when the archive would grow beyond what the format can hold.
    mutating func add(_ name: String, _ content: [UInt8]) -> Bool {
        let overhead = 256 + 2 * name.utf8.count
        guard bytes.count + directory.count + content.count + overhead <= Self.maximumBytes else {
            return false
        }
        let offset = bytes.count
        let common =
            Self.little(20, 2) + Self.little(0, 2) + Self.little(0, 2) + Self.little(0, 2)
            + Self.little(33, 2) + Self.little(Int(ZipArchive.checksum(content)), 4)
            + Self.little(content.count, 4) + Self.little(content.count, 4)
            + Self.little(name.utf8.count, 2) + Self.little(0, 2)
        bytes += Self.little(0x0403_4B50, 4) + common + Array(name.utf8) + content
        directory +=
            Self.little(0x0201_4B50, 4) + Self.little(20, 2) + common + Self.little(0, 2)
            + Self.little(0, 2) + Self.little(0, 2) + Self.little(0, 4) + Self.little(offset, 4)
            + Array(name.utf8)
        count += 1
        return true
    }

    /// The whole file.
    func finished() -> [UInt8] {
        bytes + directory + Self.little(0x0605_4B50, 4) + Self.little(0, 4)
            + Self.little(count, 2) + Self.little(count, 2) + Self.little(directory.count, 4)
            + Self.little(bytes.count, 4) + Self.little(0, 2)
    }

    private static func little(_ value: Int, _ width: Int) -> [UInt8] {
        (0..<width).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
}
