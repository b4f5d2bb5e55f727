/// One call's view of a forest: pointers that live as long as the call, and no reference to count.
@unsafe struct ForestPass {
    let nodes: UnsafePointer<Forest.Node>
    let values: UnsafePointer<Float>
    let trees: UnsafeBufferPointer<Forest.Tree>
    let featureCount: Int
    let groupCount: Int

    /// Keys of eight rows.
    let groupKeys: Int
    /// Rows that go through all trees together.
    let blockRows: Int
    /// Room for the keys of `blockRows` rows.
    let keys: UnsafeMutablePointer<UInt32>

    /// From this many rows on, a group that is not full costs less than its rows one by one.
    private static let worthwhileLanes = 5

    /// Adds every tree's leaf to the margins of all rows, block after block.
    func add(_ features: UnsafePointer<Float>, rows: Int, to margins: UnsafeMutablePointer<Float>) {
        var row = 0
        while row < rows {
            let count = unsafe min(blockRows, rows - row)
            let block = unsafe Block(
                rows: count,
                keys: keys,
                groupKeys: groupKeys,
                margins: margins + row * groupCount
            )
            unsafe fill(block, features + row * featureCount)
            unsafe add(block)
            row += count
        }
    }

    /// Rows that go through all trees together; its pointers live as long as the call.
    @unsafe private struct Block {
        let rows: Int
        /// [group of rows][key][lane].
        let keys: UnsafeMutablePointer<UInt32>
        let groupKeys: Int
        /// [row][group].
        let margins: UnsafeMutablePointer<Float>

        /// Groups of eight rows that walk the trees one after the other.
        var groups: Int {
            let (full, rest) = unsafe rows.quotientAndRemainder(dividingBy: Forest.lanes)
            return unsafe rest >= ForestPass.worthwhileLanes ? full + 1 : full
        }
    }

    /// Writes the keys of a block; lanes past the last row of a group repeat that row.
    private func fill(_ block: Block, _ features: UnsafePointer<Float>) {
        for place in 0..<max(unsafe block.rows, unsafe block.groups &* Forest.lanes) {
            let row = unsafe min(place, block.rows &- 1)
            let (group, lane) = place.quotientAndRemainder(dividingBy: Forest.lanes)
            unsafe FeatureKey.write(
                features + row &* featureCount,
                count: featureCount,
                to: block.keys + (group &* block.groupKeys &+ lane),
                lanes: Forest.lanes
            )
        }
    }

    /// Adds all leaves of a block: groups of rows tree by tree, then the rows left over.
    private func add(_ block: Block) {
        let groups = unsafe block.groups
        for tree in unsafe 0..<(groups > 0 ? trees.count : 0) {
            unsafe add(trees[tree], groups: groups, block)
        }
        for row in unsafe min(groups &* Forest.lanes, block.rows)..<block.rows {
            unsafe addRow(row, block)
        }
    }

    /// One tree, eight rows at a time.
    @inline(__always)
    private func add(
        _ tree: Forest.Tree,
        groups: Int,
        _ block: Block
    ) {
        let nodes = unsafe nodes + tree.root
        let values = unsafe values + tree.root
        let width = unsafe groupCount
        var keys = unsafe UnsafePointer(block.keys)
        var sums = unsafe block.margins + Int(tree.group)
        var left = unsafe block.rows
        for _ in 0..<groups {
            let leaves = unsafe Forest.walk(
                nodes,
                keys,
                apart: 1,
                depth: Int(tree.depth),
                roots: (0, 0, 0, 0, 0, 0, 0, 0)
            )
            unsafe Self.add(
                values,
                leaves,
                count: left,
                to: sums,
                at: (
                    0, width, 2 &* width, 3 &* width, 4 &* width, 5 &* width, 6 &* width,
                    7 &* width
                )
            )
            unsafe keys += block.groupKeys
            unsafe sums += Forest.lanes &* width
            left &-= Forest.lanes
        }
    }

    /// One row, eight trees at a time; leaves are added in the order of the trees.
    private func addRow(_ row: Int, _ block: Block) {
        let (group, lane) = row.quotientAndRemainder(dividingBy: Forest.lanes)
        let keys = unsafe UnsafePointer(block.keys) + (group &* block.groupKeys &+ lane)
        let sums = unsafe block.margins + row &* groupCount
        // A single sum stays in a register: each addition through memory would wait for the last.
        var sum = unsafe sums[0]
        let last = unsafe trees.count &- 1
        var first = 0
        while first <= last {
            // Past the end the last tree walks again and is not added.
            let (a, b, c, d, e, f, g, h) = unsafe (
                trees[first], trees[min(first &+ 1, last)], trees[min(first &+ 2, last)],
                trees[min(first &+ 3, last)], trees[min(first &+ 4, last)],
                trees[min(first &+ 5, last)], trees[min(first &+ 6, last)],
                trees[min(first &+ 7, last)]
            )
            let depth = max(
                max(max(a.depth, b.depth), max(c.depth, d.depth)),
                max(max(e.depth, f.depth), max(g.depth, h.depth))
            )
            let leaves = unsafe Forest.walk(
                nodes,
                keys,
                apart: 0,
                depth: Int(depth),
                roots: (a.root, b.root, c.root, d.root, e.root, f.root, g.root, h.root)
            )
            let count = last &- first &+ 1
            if unsafe groupCount == 1 {
                unsafe Self.add(values, leaves, count: count, to: &sum)
            } else {
                unsafe Self.add(
                    values,
                    leaves,
                    count: count,
                    to: sums,
                    at: (
                        Int(a.group), Int(b.group), Int(c.group), Int(d.group), Int(e.group),
                        Int(f.group), Int(g.group), Int(h.group)
                    )
                )
            }
            first &+= Forest.lanes
        }
        if unsafe groupCount == 1 { unsafe sums[0] = sum }
    }

    /// Adds the first `count` of eight leaves to their sums, in order.
    @inline(__always)
    private static func add(
        _ values: UnsafePointer<Float>,
        _ leaves: Forest.Eight,
        count: Int,
        to sums: UnsafeMutablePointer<Float>,
        at: Forest.Eight
    ) {
        unsafe sums[at.0] += values[leaves.0]
        if count > 1 { unsafe sums[at.1] += values[leaves.1] }
        if count > 2 { unsafe sums[at.2] += values[leaves.2] }
        if count > 3 { unsafe sums[at.3] += values[leaves.3] }
        if count > 4 { unsafe sums[at.4] += values[leaves.4] }
        if count > 5 { unsafe sums[at.5] += values[leaves.5] }
        if count > 6 { unsafe sums[at.6] += values[leaves.6] }
        if count > 7 { unsafe sums[at.7] += values[leaves.7] }
    }

    /// Adds the first `count` of eight leaves to one sum, in order.
    @inline(__always)
    private static func add(
        _ values: UnsafePointer<Float>,
        _ leaves: Forest.Eight,
        count: Int,
        to sum: inout Float
    ) {
        unsafe sum += values[leaves.0]
        if count > 1 { unsafe sum += values[leaves.1] }
        if count > 2 { unsafe sum += values[leaves.2] }
        if count > 3 { unsafe sum += values[leaves.3] }
        if count > 4 { unsafe sum += values[leaves.4] }
        if count > 5 { unsafe sum += values[leaves.5] }
        if count > 6 { unsafe sum += values[leaves.6] }
        if count > 7 { unsafe sum += values[leaves.7] }
    }
}
