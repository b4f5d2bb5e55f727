/// The keys of a block of events, a row of them for each copy of each feature.
///
/// A view of memory that belongs to the caller.
@unsafe struct EventKeys {
    private let base: UnsafeMutablePointer<Int32>
    /// Events in the block.
    let rows: Int
    /// Columns of the input.
    let featureCount: Int

    /// Looks at `memory` as keys of `rows` events.
    init(_ memory: UnsafeMutableRawPointer, rows: Int, featureCount: Int) {
        unsafe base = memory.assumingMemoryBound(to: Int32.self)
        unsafe self.rows = rows
        unsafe self.featureCount = featureCount
    }

    /// Writes the keys of all events; `features` is [rows, featureCount], row after row.
    func write(_ features: UnsafePointer<Float>) {
        for row in unsafe 0..<rows {
            for feature in unsafe 0..<featureCount {
                let number = unsafe features[row &* featureCount &+ feature]
                let key = FeatureKey.signed(FeatureKey.of(number))
                let place = unsafe base + (feature &* FeatureKey.copies &* rows &+ row)
                unsafe place[0] = number.isNaN ? .min : key
                unsafe place[rows] = number.isNaN ? .max : key
            }
        }
    }

    /// The row of keys in a slot; slots are feature × copies + copy.
    @inline(__always)
    subscript(slot: Int32) -> UnsafePointer<Int32> {
        unsafe UnsafePointer(base + Int(slot) &* rows)
    }
}
