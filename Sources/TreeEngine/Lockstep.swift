internal import CTreeKernels
internal import Tensors

/// A forest of shallow trees for kernels that take many rows through a tree side by side.
///
/// A row is one byte a column: a feature's bin, shifted to a signed number. A missing value must
/// go left at some nodes and right at others, so a feature has up to two columns, alike except
/// where it is missing: there the lowest bin or one above every threshold.
final class Lockstep: Sendable {
    /// Splits from the root to every leaf; shallower leaves are repeated.
    private static let depth = 6
    private static let leaves = 1 << depth
    /// Thresholds a feature may have: bins and "above all" fit a byte.
    private static let thresholdLimit = 255

    /// What a byte of a row holds.
    private struct Column: BitwiseCopyable, Equatable {
        /// Among the columns of `bins`.
        var source: Int
        var sendsMissingLeft: Bool
    }

    let kernel: LockstepKernel
    private let bins: FeatureBins
    private let columns: [Column]
    /// Columns in memory: those that no node names hold anything.
    private let columnCount: Int
    private let featureCount: Int
    private let groupCount: Int
    private let treeCount: Int
    /// `ctreekernels_tree` after `ctreekernels_tree`.
    private let trees: AlignedBuffer

    /// Nil where a tree is too deep, or there are too many columns or thresholds.
    init?(_ forest: Forest, _ bins: FeatureBins, kernel: LockstepKernel) {
        var columns: [Column] = []
        for node in forest.nodes where !node.isLeaf {
            let column = Self.column(of: node, bins)
            if !columns.contains(column) { columns.append(column) }
            guard columns.count <= ctreekernels_columns else { return nil }
        }
        guard !columns.isEmpty, forest.trees.allSatisfy({ $0.depth <= Self.depth }),
            bins.columns.allSatisfy({ $0.count <= Self.thresholdLimit })
        else { return nil }
        self.kernel = kernel
        self.bins = bins
        self.columns = columns
        columnCount = ctreekernels_copied_columns(columns.count)
        featureCount = forest.featureCount
        groupCount = forest.groupCount
        treeCount = forest.trees.count
        trees = AlignedBuffer(byteCount: treeCount * MemoryLayout<ctreekernels_tree>.stride)
        for (index, tree) in forest.trees.enumerated() { fill(index, tree, forest) }
    }

    private static func column(of node: Forest.Node, _ bins: FeatureBins) -> Column {
        Column(
            source: bins.columnOfFeature[node.feature],
            sendsMissingLeft: node.sendsMissingLeft
        )
    }

    /// The signed byte of a bin or of a threshold's rank.
    @inline(__always)
    private static func byte(_ bin: Int) -> Int8 {
        Int8(truncatingIfNeeded: bin &- 128)
    }

    /// Writes one tree; the children of place n are at 2n and 2n + 1, the leaves at 64...127.
    private func fill(_ index: Int, _ tree: Forest.Tree, _ forest: Forest) {
        let record = unsafe UnsafeMutableRawBufferPointer(
            start: trees.base + index * MemoryLayout<ctreekernels_tree>.stride,
            count: MemoryLayout<ctreekernels_tree>.stride
        )
        let groupOffset = 6 * Self.leaves
        unsafe record.storeBytes(of: tree.group, toByteOffset: groupOffset, as: UInt32.self)
        var sources = [Int](repeating: 0, count: 2 * Self.leaves)
        for place in 1..<2 * Self.leaves {
            let entry = forest.nodes[tree.root + sources[place]]
            if place >= Self.leaves {
                let bits = forest.values[tree.root + sources[place]].bitPattern
                for plane in 0..<4 {
                    unsafe record[(1 + plane) * Self.leaves + place] =
                        UInt8(truncatingIfNeeded: bits >> (8 * plane))
                }
            } else if entry.isLeaf {
                // All rows go on to the left, to this leaf again.
                unsafe record[Self.leaves + place] = UInt8(bitPattern: .max)
                sources[2 * place] = sources[place]
                sources[2 * place + 1] = sources[place]
            } else {
                let column = Self.column(of: entry, bins)
                let rank = bins.rank(of: entry.threshold, in: bins.columns[column.source])
                unsafe record[place] = UInt8(columns.firstIndex(of: column) ?? 0)
                unsafe record[Self.leaves + place] = UInt8(bitPattern: Self.byte(rank))
                sources[2 * place] = Int(entry.child)
                sources[2 * place + 1] = Int(entry.child) + 1
            }
        }
    }

    /// Bytes of scratch memory that `add` needs: columns of bytes, then sums by group.
    var scratchBytes: Int {
        kernel.rows * (columnCount + groupCount * MemoryLayout<Float>.stride) + 64
    }

    /// Adds every tree's leaf to `margins`; see `ForestLayout.add`.
    ///
    /// The last group of rows need not be full, but costs as much.
    func add(
        _ features: UnsafePointer<Float>,
        rows: Int,
        to margins: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutableRawPointer
    ) {
        let lanes = kernel.rows
        let bytes = unsafe scratch.assumingMemoryBound(to: Int8.self)
        let sums = unsafe (scratch + (lanes * columnCount + 63) / 64 * 64)
            .assumingMemoryBound(to: Float.self)
        let records = unsafe trees.base.assumingMemoryBound(to: ctreekernels_tree.self)
        var row = 0
        while row < rows {
            let count = min(lanes, rows &- row)
            unsafe look(features + row &* featureCount, rows: count, lanes: lanes, into: bytes)
            let part = unsafe margins + row &* groupCount
            for lane in 0..<count {
                for group in 0..<groupCount {
                    unsafe sums[group &* lanes &+ lane] = part[lane &* groupCount &+ group]
                }
            }
            unsafe kernel.add(records, treeCount, bytes, columnCount, sums)
            for lane in 0..<count {
                for group in 0..<groupCount {
                    unsafe part[lane &* groupCount &+ group] = sums[group &* lanes &+ lane]
                }
            }
            row &+= count
        }
    }

    /// Writes the bytes of one group of rows; lanes past the last row keep what they have.
    private func look(
        _ features: UnsafePointer<Float>,
        rows: Int,
        lanes: Int,
        into bytes: UnsafeMutablePointer<Int8>
    ) {
        for index in 0..<columns.count {
            let column = columns[index]
            let target = unsafe bytes + index &* lanes
            unsafe bins.search(
                bins.columns[column.source],
                features,
                width: featureCount,
                rows: rows,
                missing: column.sendsMissingLeft ? 0 : 255
            ) { row, bin in
                unsafe target[ctreekernels_place(row, lanes)] = Self.byte(bin)
            }
        }
    }
}
