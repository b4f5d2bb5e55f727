/// Makes the thresholds of a forest so few that the bins of a feature fit in so many bits.
///
/// A feature with fewer keeps all of them: a value's bin then decides every split as the value does, and
/// nothing changes. The thresholds of the others are cut, in their order, into as many groups as
/// there may be, of about as many splits each, and a group's become the one in the middle of its
/// splits. Weighing by events or by the distinct thresholds moves scores further, and quantiles of
/// a sample of the data no less.
struct ThresholdMerger {
    /// Thresholds of a feature at most; the bins are 0...limit.
    private let limit: Int
    /// What each threshold becomes, by feature; empty where none changes.
    private var merged: [[UInt32: UInt32]] = []

    /// Features whose thresholds became fewer.
    var featureCount: Int { merged.count { !$0.isEmpty } }

    /// Looks at the thresholds of `forest`.
    init(_ forest: Forest, bits: Int) {
        precondition((1...16).contains(bits), "bins of 1 to 16 bits")
        limit = (1 << bits) - 1
        var splits = [[UInt32: Int]](repeating: [:], count: forest.featureCount)
        for node in forest.nodes where !node.isLeaf {
            splits[node.feature][node.threshold, default: 0] += 1
        }
        merged = splits.map { $0.count <= limit ? [:] : merge($0.sorted { $0.key < $1.key }) }
    }

    /// What a threshold becomes.
    func threshold(_ key: UInt32, of feature: Int) -> UInt32 { merged[feature][key] ?? key }

    /// The groups of one feature's thresholds, which come with how many splits have each.
    private func merge(_ thresholds: [(key: UInt32, value: Int)]) -> [UInt32: UInt32] {
        let total = thresholds.reduce(0) { $0 + $1.value }
        var places: [UInt32: UInt32] = [:]
        var passed = 0
        var first = 0
        while first < thresholds.count {
            let group = group(at: passed, thresholds[first].value, total)
            var end = first
            var splits = 0
            while end < thresholds.count,
                self.group(at: passed + splits, thresholds[end].value, total) == group
            {
                splits += thresholds[end].value
                end += 1
            }
            let middle = Self.middle(thresholds[first..<end], splits: splits)
            for threshold in thresholds[first..<end] { places[threshold.key] = middle }
            passed += splits
            first = end
        }
        return places
    }

    /// The group of a threshold, by where the middle of its splits lies among all.
    private func group(at passed: Int, _ splits: Int, _ total: Int) -> Int {
        (2 * passed + splits) * limit / (2 * total)
    }

    /// The threshold at half of the splits of a group.
    private static func middle(
        _ thresholds: ArraySlice<(key: UInt32, value: Int)>,
        splits: Int
    ) -> UInt32 {
        var passed = 0
        for threshold in thresholds {
            passed += threshold.value
            if 2 * passed >= splits { return threshold.key }
        }
        preconditionFailure("a group has a threshold")
    }
}
