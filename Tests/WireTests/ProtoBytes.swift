/// Protobuf by hand: what no encoder of ours would write.
struct ProtoBytes {
    private(set) var bytes: [UInt8] = []

    /// A field of a whole number.
    func number(_ field: Int, _ value: UInt64) -> ProtoBytes {
        adding(Self.varint(UInt64(field) << 3) + Self.varint(value))
    }

    /// A field of eight bytes.
    func double(_ field: Int, _ value: Double) -> ProtoBytes {
        let word = value.bitPattern
        let content = (0..<8).map { UInt8(truncatingIfNeeded: word >> ($0 * 8)) }
        return adding(Self.varint(UInt64(field) << 3 | 1) + content)
    }

    /// A field of bytes.
    func data(_ field: Int, _ content: [UInt8]) -> ProtoBytes {
        adding(Self.varint(UInt64(field) << 3 | 2) + Self.varint(UInt64(content.count)) + content)
    }

    /// A field of text.
    func text(_ field: Int, _ content: String) -> ProtoBytes { data(field, Array(content.utf8)) }

    /// Bytes as they are.
    func raw(_ bytes: [UInt8]) -> ProtoBytes { adding(bytes) }

    /// A field of packed whole numbers.
    func packed(_ field: Int, _ values: [UInt64]) -> ProtoBytes {
        data(field, values.flatMap(Self.varint))
    }

    /// A field that holds a message.
    func message(_ field: Int, _ content: ProtoBytes) -> ProtoBytes { data(field, content.bytes) }

    /// The same message `count` times.
    func messages(_ field: Int, _ content: ProtoBytes, count: Int) -> ProtoBytes {
        var all = self
        for _ in 0..<count { all = all.message(field, content) }
        return all
    }

    static func varint(_ value: UInt64) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = value
        while rest > 0x7F {
            bytes.append(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }

    private func adding(_ more: [UInt8]) -> ProtoBytes {
        var copy = self
        copy.bytes += more
        return copy
    }
}
