/// Walking trees eight at a time.
///
/// One walk waits for memory at each level. Eight that do not depend on each other fill the wait:
/// either eight rows through one tree, or one row through eight trees. All take as many steps as
/// the deepest needs; those that arrive early stay on their leaf.
extension Forest {
    /// Eight node numbers.
    typealias Eight = (Int, Int, Int, Int, Int, Int, Int, Int)

    /// Levels walked between looks whether every walk has arrived; only deep trees get that far.
    private static let stride = 8

    /// Takes eight walks from the roots of their trees to leaves.
    ///
    /// Walk i begins at `roots.i` and reads its keys from `keys + i * apart`. Inlined, so that zero
    /// roots and a constant `apart` vanish: a step is then six instructions and no branch.
    @inline(__always)
    static func walk(
        _ nodes: UnsafePointer<Node>,
        _ keys: UnsafePointer<UInt32>,
        apart: Int,
        depth: Int,
        roots: Eight
    ) -> Eight {
        // The next node: left if the key is below the threshold, else right.
        @inline(__always)
        func step(_ at: Int, _ root: Int, _ lane: Int) -> Int {
            let node = unsafe nodes + at
            let key = unsafe keys[Int(node.pointee.slot) &+ lane &* apart]
            return unsafe root &+ Int(node.pointee.child) &+ (key < node.pointee.threshold ? 0 : 1)
        }
        @inline(__always)
        func isLeaf(_ at: Int) -> Bool {
            unsafe nodes[at].threshold == FeatureKey.leafThreshold
        }
        var (a, b, c, d, e, f, g, h) = roots
        var left = depth
        while left > 0 {
            var levels = min(left, stride)
            left &-= levels
            repeat {
                a = step(a, roots.0, 0)
                b = step(b, roots.1, 1)
                c = step(c, roots.2, 2)
                d = step(d, roots.3, 3)
                e = step(e, roots.4, 4)
                f = step(f, roots.5, 5)
                g = step(g, roots.6, 6)
                h = step(h, roots.7, 7)
                levels &-= 1
            } while levels > 0
            if left > 0, isLeaf(a), isLeaf(b), isLeaf(c), isLeaf(d), isLeaf(e), isLeaf(f),
                isLeaf(g), isLeaf(h)
            {
                break
            }
        }
        return (a, b, c, d, e, f, g, h)
    }
}
