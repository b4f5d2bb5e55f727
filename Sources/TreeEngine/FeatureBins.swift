internal import Tensors

/// Bins of the features: how many thresholds of a feature are at most its value.
///
/// A value is below the threshold of rank r exactly if its bin is at most r, so small integers
/// decide every split as the floats would. Missing values have no bin; each layout adds one.
final class FeatureBins: Sendable {
    /// One feature's thresholds.
    struct Column: BitwiseCopyable {
        /// The column of the input.
        var feature: Int
        /// Where its keys begin in `keys`.
        var first: Int
        /// Steps of a search: the keys are filled up to 2^steps − 1.
        var steps: Int
        /// Distinct thresholds; bins are 0...count.
        var count: Int
        /// Where its bins begin among those of all columns.
        var firstBin: Int

        /// Bins, with one for missing values.
        var binCount: Int { count + 2 }
    }

    /// Steps of a search among up to 255 thresholds, as many as XGBoost makes by default; fewer
    /// would not be faster, for a loop of known length is unrolled.
    private static let usualSteps = 8

    /// The features that some split looks at, in their order.
    let columns: [Column]
    /// The column of each feature; meaningless for one that no split looks at.
    let columnOfFeature: [Int]
    /// Keys of all thresholds, ascending within a column.
    private let keys: AlignedBuffer

    /// Collects the thresholds of a forest.
    init(_ forest: Forest) {
        var thresholds = [[UInt32]](repeating: [], count: forest.featureCount)
        for node in forest.nodes where !node.isLeaf {
            thresholds[node.feature].append(node.threshold)
        }
        var columns: [Column] = []
        var columnOfFeature = [Int](repeating: 0, count: forest.featureCount)
        var sorted: [UInt32] = []
        var firstBin = 0
        for feature in thresholds.indices where !thresholds[feature].isEmpty {
            thresholds[feature].sort()
            var distinct: [UInt32] = []
            for key in thresholds[feature] where key != distinct.last { distinct.append(key) }
            let needed = Int.bitWidth - distinct.count.leadingZeroBitCount
            let steps = max(needed, Self.usualSteps)
            columnOfFeature[feature] = columns.count
            columns.append(
                Column(
                    feature: feature,
                    first: sorted.count,
                    steps: steps,
                    count: distinct.count,
                    firstBin: firstBin
                )
            )
            firstBin += distinct.count + 2
            sorted += distinct
            // Above every number, so that a search never counts them.
            sorted += repeatElement(.max, count: (1 << steps) - 1 - distinct.count)
        }
        self.columns = columns
        self.columnOfFeature = columnOfFeature
        keys = AlignedBuffer(byteCount: sorted.count * MemoryLayout<UInt32>.stride)
        for (index, key) in sorted.enumerated() {
            unsafe keys.base.storeBytes(of: key, toByteOffset: index * 4, as: UInt32.self)
        }
    }

    /// The rank of a threshold that the forest has.
    func rank(of threshold: UInt32, in column: Column) -> Int {
        unsafe Self.count(
            keys.base.assumingMemoryBound(to: UInt32.self) + column.first,
            below: threshold,
            steps: column.steps
        )
    }

    /// Calls `store(row, bin)` for `rows` rows of one column; `missing` is the bin of NaN.
    ///
    /// `features` is [rows, width], row after row. Inlined, so that the store is no call.
    @inline(__always)
    func search(
        _ column: Column,
        _ features: UnsafePointer<Float>,
        width: Int,
        rows: Int,
        missing: Int,
        _ store: (Int, Int) -> Void
    ) {
        let keys = unsafe UnsafePointer(keys.base.assumingMemoryBound(to: UInt32.self))
        let first = unsafe keys + column.first
        @inline(__always)
        func search(_ steps: Int) {
            var value = unsafe features + column.feature
            for row in 0..<rows {
                let number = unsafe value.pointee
                // One more than the key: what is at most a number is below the next key.
                let bin = unsafe Self.count(first, below: FeatureKey.of(number) &+ 1, steps: steps)
                store(row, number.isNaN ? missing : bin)
                unsafe value += width
            }
        }
        if column.steps == Self.usualSteps {
            search(Self.usualSteps)
        } else {
            search(column.steps)
        }
    }

    /// Fills rows with thresholds chosen at random, and 0 where no split looks.
    ///
    /// `numbers` is [rows, width].
    func fill(_ numbers: UnsafeMutablePointer<Float>, rows: Int, width: Int) {
        unsafe numbers.update(repeating: 0, count: rows * width)
        let keys = unsafe keys.base.assumingMemoryBound(to: UInt32.self)
        var random: UInt64 = 1
        for row in 0..<rows {
            for column in columns {
                // Knuth's generator; its upper bits are random enough to choose a path.
                random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                let rank = Int(random >> 33) % column.count
                unsafe numbers[row * width + column.feature] =
                    FeatureKey.number(keys[column.first + rank])
            }
        }
    }

    /// How many of 2^steps − 1 ascending keys are below `key`, without a branch that depends on it.
    @inline(__always)
    private static func count(
        _ keys: UnsafePointer<UInt32>,
        below key: UInt32,
        steps: Int
    ) -> Int {
        var count = 0
        var step = steps
        while step > 0 {
            step &-= 1
            let middle = count &+ (1 &<< step) &- 1
            // Added as a number: the compiler would make a branch of a choice.
            count &+= unsafe (keys[middle] < key ? 1 : 0) &<< step
        }
        return count
    }
}
