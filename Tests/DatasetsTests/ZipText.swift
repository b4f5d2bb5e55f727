/// Writes zip files by hand, right ones and wrong ones.
struct ZipText {
    /// How an entry is packed.
    enum Method: Int, Sendable, CaseIterable {
        case stored = 0
        case deflated = 8
    }

    private var bytes: [UInt8] = []
    private var directory: [UInt8] = []
    private var count = 0
    /// Whether sizes and offsets stand in zip64 fields.
    let isWide: Bool

    init(isWide: Bool = false) { self.isWide = isWide }

    /// Appends an entry; what is given beside the content replaces the truth.
    mutating func add(
        _ name: String,
        _ content: [UInt8],
        method: Method = .stored,
        methodNumber: Int? = nil,
        checksum: UInt32? = nil,
        size: Int? = nil,
        localExtra: [UInt8] = []
    ) {
        let packed = method == .stored ? content : Self.deflated(content)
        let size = size ?? content.count
        let offset = bytes.count
        let sum = Int(checksum ?? Self.checksum(content))
        let head =
            little(20, 2) + little(0, 2) + little(methodNumber ?? method.rawValue, 2)
            + little(0, 2) + little(33, 2) + little(sum, 4)
        let text = Array(name.utf8)
        bytes +=
            little(0x0403_4B50, 4) + head + little(packed.count, 4) + little(size, 4)
            + little(text.count, 2) + little(localExtra.count, 2) + text + localExtra + packed
        let wide = little(size, 8) + little(packed.count, 8) + little(offset, 8)
        let extra = isWide ? little(1, 2) + little(wide.count, 2) + wide : []
        directory +=
            little(0x0201_4B50, 4) + little(45, 2) + head
            + little(isWide ? 0xFFFF_FFFF : packed.count, 4)
            + little(isWide ? 0xFFFF_FFFF : size, 4) + little(text.count, 2)
            + little(extra.count, 2) + little(0, 2) + little(0, 2) + little(0, 2) + little(0, 4)
            + little(isWide ? 0xFFFF_FFFF : offset, 4) + text + extra
        count += 1
    }

    /// The whole file, with a comment behind it.
    func finished(comment: [UInt8] = [], count wrongCount: Int? = nil) -> [UInt8] {
        let start = bytes.count
        let count = wrongCount ?? count
        var end: [UInt8] = []
        if isWide {
            end += little(0x0606_4B50, 4) + little(44, 8) + little(45, 2) + little(45, 2)
            end += little(0, 8) + little(count, 8) + little(count, 8)
            end += little(directory.count, 8) + little(start, 8)
            end += little(0x0706_4B50, 4) + little(0, 4) + little(start + directory.count, 8)
            end += little(1, 4)
        }
        end += little(0x0605_4B50, 4) + little(0, 4) + little(isWide ? 0xFFFF : count, 2)
        end += little(isWide ? 0xFFFF : count, 2) + little(directory.count, 4)
        end += little(isWide ? 0xFFFF_FFFF : start, 4) + little(comment.count, 2) + comment
        return bytes + directory + end
    }

    /// Deflate without compression: blocks of at most 65,535 bytes, the last one marked.
    static func deflated(_ content: [UInt8]) -> [UInt8] {
        var packed: [UInt8] = []
        var start = 0
        repeat {
            let end = min(content.count, start + 65_535)
            let length = UInt16(end - start)
            packed.append(end == content.count ? 1 : 0)
            packed += NpyText.bytes([length, ~length]) + content[start..<end]
            start = end
        } while start < content.count
        return packed
    }

    /// CRC-32 bit by bit, as its definition says.
    static func checksum(_ bytes: [UInt8]) -> UInt32 {
        var sum: UInt32 = ~0
        for byte in bytes {
            sum ^= UInt32(byte)
            for _ in 0..<8 { sum = sum & 1 == 1 ? sum >> 1 ^ 0xEDB8_8320 : sum >> 1 }
        }
        return ~sum
    }

    private func little(_ value: Int, _ width: Int) -> [UInt8] {
        (0..<width).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
}
