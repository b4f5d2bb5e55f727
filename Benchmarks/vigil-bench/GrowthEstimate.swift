import Glibc

/// How much a process's memory grows over a run, and how sure that is.
///
/// Memory goes up and down by what is in use, and up in steps when an allocator takes more: errors
/// of neighbouring samples are not independent, and a line fitted through them would be far too
/// sure of its slope. So the lowest sample of each block counts, the first blocks are warm-up, and
/// the steps from block to block are what is averaged: a leak shows in every step, an allocator's
/// step in one of them.
struct GrowthEstimate {
    private static let blocks = 20
    private static let warmUpBlocks = 5

    /// Bytes over the whole run.
    let growth: Double
    /// Half the width of the 95 % interval (Student's t) around it.
    let halfWidth: Double

    /// Of samples in bytes, taken at equal distances over the run, at least one a block.
    init(_ samples: [Int]) {
        precondition(samples.count >= Self.blocks)
        let lowest = (0..<Self.blocks).map { block in
            let range =
                block * samples.count / Self.blocks..<(block + 1) * samples.count / Self.blocks
            return Double(samples[range].min() ?? 0)
        }.dropFirst(Self.warmUpBlocks)
        let steps = zip(lowest.dropFirst(), lowest).map { $0 - $1 }
        let count = Double(steps.count)
        let mean = steps.reduce(0, +) / count
        let variance = steps.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (count - 1)
        let scale = Double(Self.blocks)
        growth = mean * scale
        halfWidth = Self.studentT(count - 1) * (variance / count).squareRoot() * scale
    }

    /// The 97.5 % quantile of Student's t, by the first terms of its expansion about the normal
    /// one's (Abramowitz and Stegun 26.7.5): good to 0.001 from 10 degrees of freedom on.
    private static func studentT(_ degrees: Double) -> Double {
        let normal = 1.959964
        let cube = pow(normal, 3)
        let fifth = pow(normal, 5)
        let seventh = pow(normal, 7)
        let first = (cube + normal) / 4
        let second = (5 * fifth + 16 * cube + 3 * normal) / 96
        let third = (3 * seventh + 19 * fifth + 17 * cube - 15 * normal) / 384
        return normal + first / degrees + second / pow(degrees, 2) + third / pow(degrees, 3)
    }

    /// Whether the interval contains 0 and the growth is below `limit` bytes.
    func isSteady(limit: Double) -> Bool {
        growth < limit && growth - halfWidth <= 0
    }

    /// One line of the results, in MB.
    func figure(_ measure: String, target: String, met: Bool) -> Figure {
        Figure(
            measure,
            growth / 1e6,
            between: (growth - halfWidth) / 1e6,
            and: (growth + halfWidth) / 1e6,
            unit: "MB",
            target: target,
            met: met
        )
    }
}
