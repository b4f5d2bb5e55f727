internal import Tensors

/// The .npy format (NumPy Enhancement Proposal 1): a magic, a header in Python's notation, bytes.
enum NpyFormat {
    private static let magic: [UInt8] = [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59]
    /// Longest header and most dimensions that are read.
    private static let maximumHeaderBytes = 65_536
    private static let maximumRank = 32

    private static let types: [(String, ElementType)] = [
        ("f4", .float32), ("f8", .float64), ("f2", .float16), ("i1", .int8), ("i2", .int16),
        ("i4", .int32), ("i8", .int64), ("u1", .uint8), ("u2", .uint16), ("u4", .uint32),
        ("u8", .uint64), ("b1", .bool),
    ]
    /// What NumPy writes of the bfloat16 of ml_dtypes; it has no type of its own for them.
    private static let bfloat16 = "V2"

    /// Reads an array from the bytes of a file or an entry.
    static func read(_ bytes: ArraySlice<UInt8>, place: String) throws(DatasetError) -> NumericArray
    {
        let (header, content) = try split(bytes, place: place)
        guard let descr = string(after: "'descr':", in: header) else {
            throw DatasetError(
                place,
                "the header names no type of numbers that is known: \(header.prefix(80))"
            )
        }
        let order = descr.first ?? "?"
        let known = types + [(bfloat16, .bfloat16)]
        guard let type = known.first(where: { $0.0 == descr.dropFirst() })?.1,
            "<>|=".contains(order)
        else {
            let allowed = types.map(\.0).joined(separator: ", ")
            throw DatasetError(place, "found the type '\(descr)', allowed are \(allowed)")
        }
        guard let isFortran = flag(after: "'fortran_order':", in: header),
            let shape = shape(in: header)
        else { throw DatasetError(place, "the header is malformed: \(header.prefix(80))") }
        var expected = type.byteCount
        for size in shape {
            let (product, isHuge) = expected.multipliedReportingOverflow(by: size)
            guard !isHuge else {
                throw DatasetError(place, "the shape \(shape) is larger than memory")
            }
            expected = product
        }
        guard content.count == expected else {
            throw DatasetError(
                place,
                "found \(content.count) bytes, the shape \(shape) of \(type.name) takes \(expected)"
            )
        }
        var data = Array(content)
        if order == ">", type.byteCount > 1 { reverseEach(type.byteCount, in: &data) }
        if isFortran, shape.count > 1 { data = transposed(data, shape, type.byteCount) }
        return NumericArray(type: type, shape: shape, bytes: data)
    }

    /// The bytes of a .npy file, or nil for a type that NumPy does not have.
    static func write(_ array: NumericArray) -> [UInt8]? {
        guard let name = types.first(where: { $0.1 == array.type })?.0 else { return nil }
        let order = array.type.byteCount == 1 ? "|" : "<"
        var sizes = array.shape.map(String.init).joined(separator: ", ")
        if array.shape.count == 1 { sizes += "," }
        var header = "{'descr': '\(order)\(name)', 'fortran_order': False, 'shape': (\(sizes)), }"
        let unpadded = magic.count + 4 + header.utf8.count + 1
        header += String(repeating: " ", count: (64 - unpadded % 64) % 64) + "\n"
        let length = header.utf8.count
        return magic + [1, 0, UInt8(length & 0xFF), UInt8(length >> 8)] + Array(header.utf8)
            + array.bytes
    }

    private static func split(
        _ bytes: ArraySlice<UInt8>,
        place: String
    ) throws(DatasetError) -> (header: Substring, content: ArraySlice<UInt8>) {
        let start = bytes.startIndex
        guard bytes.count >= 12, bytes.prefix(6).elementsEqual(magic) else {
            throw DatasetError(place, "is not a .npy array")
        }
        let major = bytes[start + 6]
        let width: Int
        switch major {
        case 1: width = 2
        case 2, 3: width = 4
        default: throw DatasetError(place, "found format version \(major), allowed are 1, 2, 3")
        }
        var length = 0
        for index in (0..<width).reversed() { length = length << 8 | Int(bytes[start + 8 + index]) }
        let first = start + 8 + width
        guard length <= maximumHeaderBytes, first + length <= bytes.endIndex else {
            throw DatasetError(place, "the header of \(length) bytes is cut off or too long")
        }
        let header = String(decoding: bytes[first..<first + length], as: UTF8.self)
        return (header[...], bytes[(first + length)...])
    }

    private static func string(after key: String, in header: Substring) -> String? {
        guard let rest = after(key, in: header), let quote = rest.first,
            quote == "'" || quote == "\""
        else { return nil }
        let text = rest.dropFirst()
        guard let end = text.firstIndex(of: quote) else { return nil }
        return String(text[..<end])
    }

    private static func flag(after key: String, in header: Substring) -> Bool? {
        guard let rest = after(key, in: header) else { return nil }
        if rest.hasPrefix("True") { return true }
        return rest.hasPrefix("False") ? false : nil
    }

    private static func shape(in header: Substring) -> [Int]? {
        guard let rest = after("'shape':", in: header), rest.first == "(",
            let end = rest.firstIndex(of: ")")
        else { return nil }
        var shape: [Int] = []
        for part in rest[rest.index(after: rest.startIndex)..<end].split(separator: ",") {
            let text = part.drop { $0 == " " }
            if text.isEmpty { continue }
            guard let size = Int(text.prefix { $0.isNumber }), size >= 0, size < 1 << 40 else {
                return nil
            }
            shape.append(size)
        }
        return shape.count <= maximumRank ? shape : nil
    }

    private static func after(_ key: String, in header: Substring) -> Substring? {
        let whole = Array(header)
        let wanted = Array(key)
        guard whole.count >= wanted.count else { return nil }
        for start in 0...(whole.count - wanted.count)
        where whole[start..<start + wanted.count].elementsEqual(wanted) {
            return Substring(String(whole[(start + wanted.count)...])).drop { $0 == " " }
        }
        return nil
    }

    private static func reverseEach(_ width: Int, in data: inout [UInt8]) {
        for start in stride(from: 0, to: data.count - width + 1, by: width) {
            for offset in 0..<width / 2 { data.swapAt(start + offset, start + width - 1 - offset) }
        }
    }

    /// Column-major to row-major.
    private static func transposed(_ data: [UInt8], _ shape: [Int], _ width: Int) -> [UInt8] {
        var result = [UInt8](repeating: 0, count: data.count)
        let count = shape.reduce(1, *)
        var index = [Int](repeating: 0, count: shape.count)
        for target in 0..<count {
            var source = 0
            for axis in shape.indices.reversed() { source = source * shape[axis] + index[axis] }
            for byte in 0..<width { result[target * width + byte] = data[source * width + byte] }
            for axis in shape.indices.reversed() {
                index[axis] += 1
                if index[axis] < shape[axis] { break }
                index[axis] = 0
            }
        }
        return result
    }
}
