/// Writes .npy arrays, right ones and wrong ones.
enum NpyText {
    /// An array of a header's text and a content.
    static func file(
        header: String,
        content: [UInt8],
        major: UInt8 = 1
    ) -> [UInt8] {
        let text = Array(header.utf8)
        let width = major == 1 ? 2 : 4
        let length = (0..<width).map { UInt8(truncatingIfNeeded: text.count >> (8 * $0)) }
        return [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59, major, 0] + length + text + content
    }

    /// An array of a type, as NumPy names it, and a shape, as NumPy writes it.
    static func file(
        _ descr: String,
        shape: String,
        content: [UInt8],
        isFortran: Bool = false,
        major: UInt8 = 1
    ) -> [UInt8] {
        file(
            header: "{'descr': '\(descr)', 'fortran_order': \(isFortran ? "True" : "False"), "
                + "'shape': \(shape), }\n",
            content: content,
            major: major
        )
    }

    /// The bytes of words, smallest first or, when big, largest first.
    static func bytes<Word: FixedWidthInteger>(_ words: [Word], isBig: Bool = false) -> [UInt8] {
        words.flatMap { word -> [UInt8] in
            let count = Word.bitWidth / 8
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: word >> ($0 * 8)) }
            return isBig ? bytes.reversed() : bytes
        }
    }
}
