extension Float {
    /// The largest float32 that is not above `value`: a lower end is never rounded inwards.
    @inlinable @inline(__always)
    public init(roundedDown value: Double) {
        let nearest = Float(value)
        self = Double(nearest) > value ? nearest.nextDown : nearest
    }

    /// The smallest float32 that is not below `value`.
    @inlinable @inline(__always)
    public init(roundedUp value: Double) {
        let nearest = Float(value)
        self = Double(nearest) < value ? nearest.nextUp : nearest
    }
}
