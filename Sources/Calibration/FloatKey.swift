/// Float32 numbers as integers that sort as they do, and the nearest ones to a wider number.
@usableFromInline
enum FloatKey {
    /// The key of a number that is not NaN; -0 and +0 have the same.
    @inlinable
    static func of(_ number: Float) -> Int32 {
        // Adding +0 turns -0 into +0 and leaves every other number as it is.
        let bits = Int32(bitPattern: (number + 0).bitPattern)
        return bits ^ ((bits >> 31) & Int32.max)
    }

    /// The number of a key.
    static func number(_ key: Int32) -> Float {
        Float(bitPattern: UInt32(bitPattern: key ^ ((key >> 31) & Int32.max)))
    }

    /// The key from which on float32 numbers are at least `bound`.
    static func atLeast(_ bound: Double) -> Int32 {
        let nearest = Float(bound)
        return of(Double(nearest) < bound ? nearest.nextUp : nearest)
    }

    /// The key from which on float32 numbers are greater than `bound`.
    static func above(_ bound: Double) -> Int32 {
        let nearest = Float(bound)
        let below = Double(nearest) > bound ? nearest.nextDown : nearest
        return of(below) + 1
    }
}
