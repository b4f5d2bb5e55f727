internal import Glibc
internal import Tensors

/// A forest as masks: for each bin of a feature, the leaves of each tree that it leaves reachable.
///
/// The masks of a row's bins, taken together, leave one leaf a tree: the lowest bit of their
/// conjunction. No step waits for the one before, as in a walk. (QuickScorer's idea, Lucchese et
/// al. 2015, with the masks of all thresholds of a feature combined in advance.)
///
/// A tree of more than 64 leaves is taken apart into pieces of 63; bit 63 of a piece then means
/// "in another piece" and adds −0, which leaves every sum as it is.
final class LeafMasks: Sendable {
    /// Pieces looked up together: their masks for one bin fill one cache line.
    static let lanes = 8
    /// One mask of each piece.
    typealias Vector = SIMD8<UInt64>
    /// Bits of a mask.
    static let leaves = 64
    /// Bytes that the masks may take: more would fill the last cache, which all cores share.
    static let byteLimit = 16 << 20
    /// Pieces a tree may be taken apart into; walking a tree that large costs less.
    static let pieceLimit = 8

    let bins: FeatureBins
    let featureCount: Int
    let groupCount: Int
    /// [column][bin][piece]; a column's last bin is that of NaN.
    let masks: AlignedBuffer
    /// [piece][leaf].
    let values: AlignedBuffer
    /// What each piece adds to.
    let groups: AlignedBuffer
    /// Blocks of eight pieces.
    let blockCount: Int

    /// Nil where nothing is to be looked up or the masks would take more than `byteLimit`.
    init?(_ forest: Forest, _ bins: FeatureBins) {
        let binCount = bins.columns.reduce(0) { $0 + $1.binCount }
        let piecesOfTree = forest.trees.indices.map { Self.pieces(forest.leafCount(ofTree: $0)) }
        let pieces = piecesOfTree.reduce(0, +)
        let padded = (pieces + Self.lanes - 1) / Self.lanes * Self.lanes
        let maskBytes = padded * binCount * MemoryLayout<UInt64>.stride
        guard maskBytes > 0, maskBytes <= Self.byteLimit,
            piecesOfTree.allSatisfy({ $0 <= Self.pieceLimit })
        else { return nil }
        self.bins = bins
        featureCount = forest.featureCount
        groupCount = forest.groupCount
        masks = AlignedBuffer(byteCount: maskBytes)
        values = AlignedBuffer(byteCount: padded * Self.leaves * MemoryLayout<Float>.stride)
        groups = AlignedBuffer(byteCount: padded * MemoryLayout<Int>.stride)
        blockCount = padded / Self.lanes
        unsafe memset(masks.base, 0xFF, maskBytes)
        let leaves = unsafe values.base.assumingMemoryBound(to: Float.self)
        for leaf in 0..<padded * Self.leaves { unsafe leaves[leaf] = -0.0 }
        var piece = 0
        let groups = unsafe groups.base.assumingMemoryBound(to: Int.self)
        for (index, tree) in forest.trees.enumerated() {
            let parts = piecesOfTree[index]
            for part in 0..<parts { unsafe groups[piece + part] = Int(tree.group) }
            fill(
                LeafSpans(forest, tree: index),
                forest.values[forest.nodeRange(ofTree: index)],
                pieces: piece..<piece + parts
            )
            piece += parts
        }
    }

    private static func pieces(_ leafCount: Int) -> Int {
        leafCount <= leaves ? 1 : (leafCount + leaves - 2) / (leaves - 1)
    }

    /// Writes the leaves and masks of one tree into `pieces`.
    private func fill(_ tree: LeafSpans, _ leafValues: ArraySlice<Float>, pieces: Range<Int>) {
        let width = pieces.count == 1 ? Self.leaves : Self.leaves - 1
        let values = unsafe values.base.assumingMemoryBound(to: Float.self)
        var splits = [[(rank: Int, node: Int)]](repeating: [], count: bins.columns.count)
        for (node, entry) in tree.nodes.enumerated() {
            if entry.isLeaf {
                let (part, leaf) = tree.firsts[node].quotientAndRemainder(dividingBy: width)
                unsafe values[(pieces.lowerBound + part) * Self.leaves + leaf] =
                    leafValues[leafValues.startIndex + node]
            } else {
                let column = bins.columnOfFeature[entry.feature]
                let rank = bins.rank(of: entry.threshold, in: bins.columns[column])
                splits[column].append((rank, node))
            }
        }
        for column in splits.indices where !splits[column].isEmpty {
            let sorted = splits[column].sorted { $0.rank < $1.rank }
            for (part, piece) in pieces.enumerated() {
                let leaves = part * width..<(part + 1) * width
                fill(column, tree, sorted, leaves: leaves, piece: piece)
            }
        }
    }

    /// Writes the masks of one column for the piece of a tree that has `leaves`.
    private func fill(
        _ column: Int,
        _ tree: LeafSpans,
        _ splits: [(rank: Int, node: Int)],
        leaves: Range<Int>,
        piece: Int
    ) {
        // Bits of the leaves that are out of reach once a split has been taken by one side.
        func lost(_ node: Int, toLeft: Bool) -> UInt64 {
            let span = tree.span(of: node, left: !toLeft).clamped(to: leaves)
            guard !span.isEmpty else { return 0 }
            return (~0 >> (64 - span.count)) << (span.lowerBound - leaves.lowerBound)
        }
        // lostLeft[i]: splits i and after it are taken to the left.
        var lostLeft: [UInt64] = [0]
        for split in splits.reversed() {
            lostLeft.append((lostLeft.last ?? 0) | lost(split.node, toLeft: true))
        }
        lostLeft.reverse()
        let (block, lane) = piece.quotientAndRemainder(dividingBy: Self.lanes)
        let masks = unsafe masks.base.assumingMemoryBound(to: UInt64.self)
        let first = bins.columns[column].firstBin
        var place = (first * blockCount + block) * Self.lanes + lane
        var lostRight: UInt64 = 0
        var passed = 0
        for bin in 0...bins.columns[column].count {
            while passed < splits.count, splits[passed].rank < bin {
                lostRight |= lost(splits[passed].node, toLeft: false)
                passed += 1
            }
            unsafe masks[place] = ~(lostLeft[passed] | lostRight)
            place += Self.lanes * blockCount
        }
        unsafe masks[place] = ~splits.reduce(0) {
            let entry = tree.nodes[tree.nodes.startIndex + $1.node]
            return $0 | lost($1.node, toLeft: entry.sendsMissingLeft)
        }
    }
}
