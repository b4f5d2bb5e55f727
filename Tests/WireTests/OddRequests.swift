import TestSupport

/// Requests field by field: mostly valid, in any order, with what only other encoders write.
extension SeededRandom {
    /// A request's header.
    mutating func oddRequest() -> [UInt8] {
        var bytes = int(0...9) == 0 ? [] : oddNumber(1)
        for _ in 0..<(int(0...9) == 0 ? 2 : 1) { bytes += oddContent(2, oddScore()) }
        if int(0...19) == 0 { bytes += oddContent(int(3...5), int(0...1) == 0 ? [] : oddText()) }
        if int(0...19) == 0 { bytes += oddField() }
        return bytes
    }

    private mutating func oddScore() -> [UInt8] {
        var bytes: [UInt8] = []
        for _ in 0..<int(0...7) {
            switch int(0...41) {
            case 0...4: bytes += oddContent(1, oddText())
            case 5...7: bytes += oddContent(2, oddText())
            case 8...16: bytes += oddContent(3, oddTensor())
            case 17...19: bytes += oddNumber(4)
            case 20...22: bytes += tag(5, 0) + varint(UInt64(int(0...4)))
            case 23...25: bytes += tag(6, 1) + self.bytes(8)
            case 26...28: bytes += tag(7, 1) + self.bytes(8)
            case 29...31: bytes += oddContent(8, oddTensor())
            case 32...34: bytes += oddNumber(9)
            case 35...37: bytes += oddContent(10, oddText())
            case 38: bytes += tag(11, 0) + varint(UInt64(int(0...3)))
            case 39: bytes += flip() ? oddNumber(13) : oddContent(14, oddTensor())
            case 40: bytes += oddContent(int(11...14), oddText())
            default: bytes += oddField()
            }
        }
        return bytes
    }

    private mutating func oddTensor() -> [UInt8] {
        var bytes: [UInt8] = []
        for _ in 0..<int(0...5) {
            switch int(0...40) {
            case 0...8: bytes += oddContent(1, oddText())
            case 9...16: bytes += tag(2, 0) + varint(UInt64(int(0...14)))
            case 17...24: bytes += oddContent(3, oddShape())
            case 25...29: bytes += tag(4, 0) + varint(UInt64(int(0...3)))
            case 30...34: bytes += oddContent(5, self.bytes(int(0...20)))
            case 35: bytes += tag(6, 0) + varint(UInt64(int(0...3)))
            case 36...37: bytes += oddContent(7, self.bytes(int(0...20)))
            case 38: bytes += tag(3, 0) + varint(UInt64(int(0...300)))
            case 39: bytes += oddNumber(int(1...7))
            default: bytes += oddField()
            }
        }
        return bytes
    }

    private mutating func oddShape() -> [UInt8] {
        var bytes: [UInt8] = []
        for _ in 0..<(int(0...9) == 0 ? int(8...9) : int(0...3)) { bytes += varint(oddValue()) }
        return bytes
    }

    /// A field of any number and wire type, groups and number 0 included.
    private mutating func oddField() -> [UInt8] {
        tag(int(0...17), int(0...7)) + bytes(int(0...9))
    }

    private mutating func oddNumber(_ field: Int) -> [UInt8] { tag(field, 0) + varint(oddValue()) }

    private mutating func oddContent(_ field: Int, _ content: [UInt8]) -> [UInt8] {
        // Now and then a length that is a little wrong.
        let count = content.count + (int(0...99) == 0 ? int(0...4) : 0)
        return tag(field, 2) + varint(UInt64(count)) + content
    }

    private mutating func oddValue() -> UInt64 {
        switch int(0...9) {
        case 0: 0
        case 1: 1 << UInt64(int(0...63))
        case 2: next()
        case 3: UInt64.max - UInt64(int(0...2))
        default: UInt64(int(0...20_000))
        }
    }

    private mutating func oddText() -> [UInt8] {
        switch int(0...19) {
        case 0: bytes(int(0...30))
        case 1: Array(text(20).utf8) + [0] + Array(text(20).utf8)
        case 2: []
        default: Array(text(40).utf8)
        }
    }

    private mutating func tag(_ field: Int, _ wire: Int) -> [UInt8] {
        // Now and then the same tag in two bytes.
        let tag = UInt64(field << 3 | wire)
        return int(0...99) == 0
            ? [UInt8(tag & 0x7F) | 0x80, UInt8(tag >> 7)] : ProtoBytes.varint(tag)
    }

    /// A varint, now and then longer than it need be or than it may be.
    private mutating func varint(_ value: UInt64) -> [UInt8] {
        var bytes = ProtoBytes.varint(value)
        guard int(0...19) == 0 else { return bytes }
        for _ in 0..<int(1...10) {
            bytes[bytes.count - 1] |= 0x80
            bytes.append(int(0...9) == 0 ? 1 : 0)
        }
        return bytes
    }
}
