/// Words in and out that every way to run the firmware must repeat bit for bit.
public struct GoldenWords: Sendable {
    /// Largest file, in bytes.
    static let fileBytes = 64 << 20

    /// Events.
    public let events: Int
    /// Input words, event after event.
    public let inputs: [Int32]
    /// Output words, event after event.
    public let outputs: [Int32]

    /// Reads golden.bin: int32, little-endian, all input words and then all output words.
    init(
        _ bytes: [UInt8],
        file: String,
        events: Int,
        inputs: [FixedPointFormat],
        outputs: [FixedPointFormat]
    ) throws(FirmwareError) {
        let size = events * (inputs.count + outputs.count) * WordLayout.wordBytes
        guard bytes.count == size else {
            throw FirmwareError(
                file,
                found: "\(bytes.count) bytes",
                allowed:
                    "\(size) for \(events) events of \(inputs.count) and \(outputs.count) words"
            )
        }
        let words = LittleEndianWords.words(of: bytes)
        let split = events * inputs.count
        self.events = events
        self.inputs = Array(words[..<split])
        self.outputs = Array(words[split...])
        try Self.check(self.inputs, inputs, "input", file)
        try Self.check(self.outputs, outputs, "output", file)
    }

    /// Refuses words that their ports could not hold.
    private static func check(
        _ words: [Int32],
        _ ports: [FixedPointFormat],
        _ kind: String,
        _ file: String
    ) throws(FirmwareError) {
        for (index, word) in words.enumerated() {
            let port = ports[index % ports.count]
            guard Int32(truncatingIfNeeded: port.number(of: word)) != word else { continue }
            let limits = port.limits
            throw FirmwareError(
                "\(file): \(kind) word \(index % ports.count) of event \(index / ports.count)",
                found: "\(word)",
                allowed: "\(limits.lowerBound) to \(limits.upperBound), which its port holds"
            )
        }
    }
}

/// Files of int32 words.
enum LittleEndianWords {
    /// The words; bytes that make no whole one are left.
    static func words(of bytes: [UInt8]) -> [Int32] {
        [Int32](capacity: bytes.count / 4) { words in
            for start in stride(from: 0, to: bytes.count - 3, by: 4) {
                let bits =
                    UInt32(bytes[start]) | UInt32(bytes[start + 1]) << 8
                    | UInt32(bytes[start + 2]) << 16 | UInt32(bytes[start + 3]) << 24
                words.append(Int32(bitPattern: bits))
            }
        }
    }
}
