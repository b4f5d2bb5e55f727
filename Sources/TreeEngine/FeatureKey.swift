/// Features as integers that sort as the floats do, so that one comparison decides a split.
///
/// A missing value must go left at some nodes and right at others. Each feature therefore has two
/// keys, alike except where it is missing: `.min`, below every threshold, for the nodes that send
/// it left, and `.max - 1`, above every threshold, for the others. `.max` is above both: a leaf
/// has it as threshold, so that a walk which has arrived stays where it is.
enum FeatureKey {
    /// Keys for one feature.
    static let copies = 2
    static let missingLeft = UInt32.min
    static let missingRight = UInt32.max - 1
    static let leafThreshold = UInt32.max

    /// The key of a number; −0 and +0 have the same, infinities have the outermost.
    ///
    /// Unsigned, because x86 turns an unsigned comparison into an addition without a branch.
    @inline(__always)
    static func of(_ number: Float) -> UInt32 {
        // Adding +0 turns −0 into +0 and leaves every other number as it is.
        let bits = Int32(bitPattern: (number + 0).bitPattern)
        return UInt32(bitPattern: bits ^ ((bits >> 31) | Int32.min))
    }

    /// A key as a signed integer that sorts alike: x86 compares only those in parallel.
    @inline(__always)
    static func signed(_ key: UInt32) -> Int32 { Int32(bitPattern: key ^ 1 << 31) }

    /// Bytes of all keys of `rows` rows.
    static func byteCount(rows: Int, featureCount: Int) -> Int {
        rows * featureCount * copies * MemoryLayout<Int32>.stride
    }

    /// The number of a key; +0 where there are two.
    static func number(_ key: UInt32) -> Float {
        Float(bitPattern: key > Int32.max ? key ^ 1 << 31 : ~key)
    }

    /// Writes both keys of each feature of one row, `lanes` apart.
    @inline(__always)
    static func write(
        _ row: UnsafePointer<Float>,
        count: Int,
        to keys: UnsafeMutablePointer<UInt32>,
        lanes: Int
    ) {
        var slot = 0
        for feature in 0..<count {
            let number = unsafe row[feature]
            let key = of(number)
            unsafe keys[slot] = number.isNaN ? missingLeft : key
            unsafe keys[slot &+ lanes] = number.isNaN ? missingRight : key
            slot &+= copies &* lanes
        }
    }
}
