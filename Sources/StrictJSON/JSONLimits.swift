/// What a JSON text may be at most.
package struct JSONLimits {
    /// Bytes of the whole.
    package let bytes: Int
    /// Values within values; the reader recurses, so hostile input must not choose.
    let depth: Int
    /// Whether strings may have escapes.
    let takesEscapes: Bool

    /// As given; a file of ours nests far less than 16 deep.
    package init(bytes: Int, depth: Int = 16, takesEscapes: Bool = true) {
        self.bytes = bytes
        self.depth = depth
        self.takesEscapes = takesEscapes
    }
}
