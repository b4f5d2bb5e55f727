internal import CZlib

/// A zip file in memory, read by its central directory (PKWARE's APPNOTE): stored and deflated
/// entries, zip64 sizes as NumPy writes them, checksums verified.
struct ZipArchive {
    /// One entry.
    struct Entry {
        let name: String
        let method: Int
        let checksum: UInt32
        let compressedBytes: Int
        let bytes: Int
        let offset: Int
    }

    /// Most entries, and most bytes that one may unpack to.
    static let maximumEntries = 4096
    static let maximumEntryBytes = 16 << 30
    /// Deflate cannot shrink by more than this; a larger promise is a lie.
    private static let maximumRatio = 1100

    let entries: [Entry]
    private let data: [UInt8]
    private let place: String

    init(_ data: [UInt8], place: String) throws(DatasetError) {
        self.data = data
        self.place = place
        let reader = ByteReader(data)
        guard let end = Self.findEnd(reader), var count = reader.int(end + 10, 2),
            var offset = reader.int(end + 16, 4)
        else { throw DatasetError(place, "is not a zip file, or it is cut off") }
        if count == 0xFFFF || offset == 0xFFFF_FFFF, let wide = Self.findWideEnd(reader, end) {
            count = reader.int(wide + 32, 8) ?? 0
            offset = reader.int(wide + 48, 8) ?? 0
        }
        guard count <= Self.maximumEntries else {
            throw DatasetError(place, "holds \(count) entries, allowed are \(Self.maximumEntries)")
        }
        var entries: [Entry] = []
        for _ in 0..<count {
            guard let (entry, next) = Self.entry(reader, at: offset) else {
                throw DatasetError(place, "the list of entries is malformed")
            }
            entries.append(entry)
            offset = next
        }
        self.entries = entries
    }

    /// The content of an entry.
    func read(_ entry: Entry) throws(DatasetError) -> [UInt8] {
        let place = "\(place)[\(entry.name)]"
        let reader = ByteReader(data)
        guard entry.bytes <= Self.maximumEntryBytes,
            entry.bytes / Self.maximumRatio <= entry.compressedBytes
        else { throw DatasetError(place, "unpacks to \(entry.bytes) bytes, which cannot be") }
        guard reader.int(entry.offset, 4) == 0x0403_4B50,
            let nameBytes = reader.int(entry.offset + 26, 2),
            let extraBytes = reader.int(entry.offset + 28, 2)
        else { throw DatasetError(place, "its local header is missing") }
        let start = entry.offset + 30 + nameBytes + extraBytes
        guard start >= 0, start <= data.count, entry.compressedBytes <= data.count - start else {
            throw DatasetError(place, "is cut off")
        }
        let packed = data[start..<start + entry.compressedBytes]
        let content: [UInt8]
        switch entry.method {
        case 0:
            content = Array(packed)
        case 8:
            content = try Self.inflated(packed, bytes: entry.bytes, place: place)
        default:
            throw DatasetError(
                place,
                "found compression method \(entry.method), allowed are stored and deflated"
            )
        }
        guard content.count == entry.bytes, Self.checksum(content) == entry.checksum else {
            throw DatasetError(place, "the content does not match its checksum")
        }
        return content
    }

    private static func findEnd(_ reader: ByteReader) -> Int? {
        let last = reader.count - 22
        guard last >= 0 else { return nil }
        for start in stride(from: last, through: max(0, last - 65_535), by: -1)
        where reader.int(start, 4) == 0x0605_4B50 {
            return start
        }
        return nil
    }

    private static func findWideEnd(_ reader: ByteReader, _ end: Int) -> Int? {
        guard reader.int(end - 20, 4) == 0x0706_4B50, let place = reader.int(end - 12, 8),
            reader.int(place, 4) == 0x0606_4B50
        else { return nil }
        return place
    }

    private static func entry(_ reader: ByteReader, at place: Int) -> (Entry, Int)? {
        guard reader.int(place, 4) == 0x0201_4B50, let method = reader.int(place + 10, 2),
            let checksum = reader.int(place + 16, 4), var packed = reader.int(place + 20, 4),
            var bytes = reader.int(place + 24, 4), let nameBytes = reader.int(place + 28, 2),
            let extraBytes = reader.int(place + 30, 2),
            let commentBytes = reader.int(place + 32, 2),
            var offset = reader.int(place + 42, 4),
            let name = reader.text(place + 46, nameBytes)
        else { return nil }
        // The zip64 extra field holds, in this order, those sizes that did not fit.
        var extra = place + 46 + nameBytes
        let extraEnd = extra + extraBytes
        while extra + 4 <= extraEnd, let kind = reader.int(extra, 2),
            let size = reader.int(extra + 2, 2)
        {
            if kind == 1 {
                var field = extra + 4
                for keyPath in [0, 1, 2] {
                    let current = [bytes, packed, offset][keyPath]
                    guard current == 0xFFFF_FFFF else { continue }
                    guard let wide = reader.int(field, 8) else { return nil }
                    switch keyPath {
                    case 0: bytes = wide
                    case 1: packed = wide
                    default: offset = wide
                    }
                    field += 8
                }
            }
            extra += 4 + size
        }
        let entry = Entry(
            name: name,
            method: method,
            checksum: UInt32(truncatingIfNeeded: checksum),
            compressedBytes: packed,
            bytes: bytes,
            offset: offset
        )
        return (entry, place + 46 + nameBytes + extraBytes + commentBytes)
    }

    static func checksum(_ bytes: [UInt8]) -> UInt32 {
        unsafe bytes.withUnsafeBytes { raw in
            var sum = crc32(0, nil, 0)
            var rest = unsafe raw[...]
            while unsafe !rest.isEmpty {
                let part = unsafe UnsafeRawBufferPointer(rebasing: rest.prefix(1 << 30))
                sum = unsafe crc32(
                    sum,
                    part.bindMemory(to: UInt8.self).baseAddress,
                    UInt32(part.count)
                )
                unsafe rest = unsafe rest.dropFirst(part.count)
            }
            return UInt32(truncatingIfNeeded: sum)
        }
    }

    /// Raw deflate data, unpacked to exactly `bytes` bytes.
    private static func inflated(
        _ packed: ArraySlice<UInt8>,
        bytes: Int,
        place: String
    ) throws(DatasetError) -> [UInt8] {
        guard packed.count < 1 << 31, bytes < 1 << 31 else {
            throw DatasetError(place, "deflated entries of 2 GiB or more are not read: store them")
        }
        var stream = unsafe z_stream()
        guard
            unsafe inflateInit2_(
                &stream,
                -15,
                ZLIB_VERSION,
                Int32(MemoryLayout<z_stream>.size)
            ) == Z_OK
        else { throw DatasetError(place, "zlib has no memory") }
        defer { unsafe inflateEnd(&stream) }
        var isWhole = false
        var input = Array(packed)
        let content = unsafe [UInt8](unsafeUninitializedCapacity: max(bytes, 1)) { buffer, count in
            unsafe input.withUnsafeMutableBufferPointer { source in
                unsafe stream.next_in = source.baseAddress
                unsafe stream.avail_in = UInt32(source.count)
                unsafe stream.next_out = buffer.baseAddress
                unsafe stream.avail_out = UInt32(bytes)
                isWhole = unsafe inflate(&stream, Z_FINISH) == Z_STREAM_END
            }
            count = unsafe bytes - Int(stream.avail_out)
        }
        guard isWhole, content.count == bytes else {
            throw DatasetError(place, "its compressed data is damaged")
        }
        return content
    }
}

/// Little-endian numbers at any place; nil outside.
struct ByteReader {
    private let bytes: [UInt8]

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    var count: Int { bytes.count }

    func int(_ place: Int, _ width: Int) -> Int? {
        guard place >= 0, place <= bytes.count - width else { return nil }
        var value: UInt64 = 0
        for index in (0..<width).reversed() { value = value << 8 | UInt64(bytes[place + index]) }
        return Int(exactly: value)
    }

    func text(_ place: Int, _ count: Int) -> String? {
        guard place >= 0, count >= 0, place <= bytes.count - count else { return nil }
        return String(decoding: bytes[place..<place + count], as: UTF8.self)
    }
}
