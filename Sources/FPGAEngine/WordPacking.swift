internal import Tensors

/// Turns rows of float32 into input words: floor(value * 2^fraction), held by each port's rule.
///
/// Sixteen rows at a time, in a few float32 operations that are exact below 2^22 and that the
/// compiler makes vectors of; rows with any other value, or one that its port cannot hold, are done
/// again value by value.
@safe
final class WordPacking {
    /// Rows of a tile.
    private static let tileRows = 16
    /// Float32 holds halves up to here, so adding `rounder` rounds to a whole number exactly.
    private static let exact: Float = 0x1p22
    /// Numbers around this are whole, and their low bits count them.
    private static let rounder: Float = 0x1.8p23

    private let ports: [FixedPointFormat]
    private let size: Int
    /// Of each value of a tile: 2^fraction, or 0 for a port that is not read; bounds of what lies
    /// inside, the upper one beyond it; and below what a value that comes out as 0 is -1.
    private let scales: AlignedBuffer
    private let lows: AlignedBuffer
    private let highs: AlignedBuffer
    private let zeros: AlignedBuffer
    /// Words of a tile.
    private let tile: AlignedBuffer

    /// `ports` are those of one tensor.
    init(_ ports: [FixedPointFormat]) {
        self.ports = ports
        size = Self.tileRows * ports.count
        scales = AlignedBuffer(byteCount: size * 4)
        lows = AlignedBuffer(byteCount: size * 4)
        highs = AlignedBuffer(byteCount: size * 4)
        zeros = AlignedBuffer(byteCount: size * 4)
        tile = AlignedBuffer(byteCount: size * 4)
        for index in 0..<size {
            let port = ports[index % ports.count]
            let isRead = port.width > 0
            let low = max(Float(port.limits.lowerBound), -Self.exact)
            let high = min(Float(port.limits.upperBound) + 1, Self.exact)
            unsafe Self.floats(scales)[index] = isRead ? Float(1 / port.step) : 0
            unsafe Self.floats(lows)[index] = low
            unsafe Self.floats(highs)[index] = high
            unsafe Self.floats(zeros)[index] = isRead ? 0 : -.infinity
        }
    }

    /// Writes the words of `rows` rows from `values`, each row's `stride` bytes after the last;
    /// `outside` is called with every row that has a value its port cannot hold, once, in order.
    func pack(
        _ values: UnsafePointer<Float>,
        rows: Int,
        into words: UnsafeMutableRawPointer,
        stride: Int,
        outside: (Int) -> Void
    ) {
        let width = ports.count
        var row = 0
        while row < rows {
            let source = unsafe values + row * width
            let target = unsafe words + row * stride
            let count = min(Self.tileRows, rows - row)
            if unsafe fill(from: source, count: count * width) {
                unsafe spread(rows: count, into: target, stride: stride)
            } else {
                for step in 0..<count {
                    let values = unsafe source + step * width
                    if unsafe !packRow(values, into: target + step * stride) { outside(row + step) }
                }
            }
            row += count
        }
    }

    /// The words of the first values of a tile; false where one of them has to be looked at.
    private func fill(from values: UnsafePointer<Float>, count: Int) -> Bool {
        let (scales, lows) = unsafe (Self.floats(scales), Self.floats(lows))
        let (highs, zeros) = unsafe (Self.floats(highs), Self.floats(zeros))
        let words = unsafe tile.base.assumingMemoryBound(to: Int32.self)
        let rounder = Self.rounder
        let rounderBits = Int32(bitPattern: rounder.bitPattern)
        var outside: Int32 = 0
        for index in 0..<count {
            let value = unsafe values[index]
            // Exact but for what vanishes and for what is far outside.
            let scaled = unsafe value * scales[index]
            let shifted = scaled + rounder
            let nearest = shifted - rounder
            let isAbove: Int32 = nearest > scaled ? 1 : 0
            let vanishes: Int32 = unsafe value < zeros[index] ? 1 : 0
            let isZero: Int32 = nearest == 0 ? 1 : 0
            let number = Int32(bitPattern: shifted.bitPattern) &- rounderBits
            unsafe words[index] = number &- (isAbove | (vanishes & isZero))
            let isLow: Int32 = unsafe scaled >= lows[index] ? 0 : 1
            let isHigh: Int32 = unsafe scaled < highs[index] ? 0 : 1
            outside |= isLow | isHigh
        }
        return outside == 0
    }

    /// Lays a tile's words out as events.
    private func spread(rows: Int, into words: UnsafeMutableRawPointer, stride: Int) {
        let width = ports.count
        var source = unsafe UnsafePointer(tile.base.assumingMemoryBound(to: Int32.self))
        var target = unsafe words
        for _ in 0..<rows {
            let row = unsafe target.assumingMemoryBound(to: Int32.self)
            for column in 0..<width { unsafe row[column] = source[column] }
            unsafe source += width
            unsafe target += stride
        }
    }

    /// One row, exactly; false where a port cannot hold its value.
    private func packRow(
        _ values: UnsafePointer<Float>,
        into words: UnsafeMutableRawPointer
    ) -> Bool {
        var isInside = true
        for (column, port) in ports.enumerated() {
            let packed = unsafe port.word(of: values[column])
            unsafe words.storeBytes(of: packed.word, toByteOffset: column * 4, as: Int32.self)
            isInside = isInside && packed.isInside
        }
        return isInside
    }

    private static func floats(_ buffer: borrowing AlignedBuffer) -> UnsafeMutablePointer<Float> {
        unsafe buffer.base.assumingMemoryBound(to: Float.self)
    }
}
