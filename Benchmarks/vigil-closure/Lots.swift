import Calibration

/// Random numbers of all draws: Philox, numbered from 0 under one seed.
struct Lots: RandomNumberGenerator {
    private let seed: UInt64
    private var drawn: UInt64 = 0

    init(seed: UInt64) {
        self.seed = seed
    }

    mutating func next() -> UInt64 {
        defer { drawn += 1 }
        return Philox.block(counter: (drawn, 0, 0, 0), key: (seed, 0)).0
    }

    /// A number in [0, 1).
    mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// Half of each group's members, drawn by lot, and the other half.
    mutating func halves(_ groups: [[Int]]) -> (calibrating: [Int], testing: [Int]) {
        var (calibrating, testing) = ([Int](), [Int]())
        for group in groups {
            let order = group.shuffled(using: &self)
            calibrating += order.prefix(group.count / 2)
            testing += order.dropFirst(group.count / 2)
        }
        return (calibrating, testing)
    }

    /// `count` places, each drawn with a chance in proportion to its weight, again and again.
    mutating func places(_ count: Int, weights: [Double]) -> [Int] {
        var sum = 0.0
        let sums = weights.map { weight in
            sum += weight
            return sum
        }
        return (0..<count).map { _ in
            let wanted = uniform() * sum
            var (low, high) = (0, sums.count - 1)
            while low < high {
                let middle = (low + high) / 2
                if sums[middle] > wanted { high = middle } else { low = middle + 1 }
            }
            return low
        }
    }
}
