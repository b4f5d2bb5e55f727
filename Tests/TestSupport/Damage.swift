/// Damaged copies of good bytes, for decoders.
public enum Damage {
    /// Bytes that mean most in the formats read here: ends of ranges, signs, lengths.
    private static let telling: [UInt8] = [0, 1, 2, 0x7F, 0x80, 0xFE, 0xFF]

    /// One to four changes: a bit, a telling byte, a stretch cut out, doubled or made new.
    public static func mutated(_ bytes: [UInt8], _ random: inout SeededRandom) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<random.int(1...4) where !bytes.isEmpty {
            let place = random.int(0...(bytes.count - 1))
            let end = min(bytes.count, place + random.int(1...12))
            switch random.int(0...4) {
            case 0: bytes[place] ^= 1 << UInt8(random.int(0...7))
            case 1: bytes[place] = telling[random.int(0...(telling.count - 1))]
            case 2: bytes.removeSubrange(place..<end)
            case 3: bytes.insert(contentsOf: bytes[place..<end], at: place)
            default: bytes.replaceSubrange(place..<end, with: random.bytes(end - place))
            }
        }
        return bytes
    }
}
