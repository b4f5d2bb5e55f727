internal import Tensors

/// Measures layouts of a forest on rows that lie at its thresholds.
struct LayoutProbe<Time: Clock> where Time.Duration == Duration {
    /// Time after which nothing more is tried; one run of 64 rows may go past it.
    static var limit: Duration { .milliseconds(20) }
    /// Runs of one layout and number of rows, of which the fastest counts.
    static var runs: Int { 5 }

    let layouts: [ForestLayout]
    let featureCount: Int
    let groupCount: Int
    let clock: Time

    /// Costs by layout and by place in `LayoutPlan.rowCounts`: attoseconds for 64 rows in so many
    /// at a time.
    func costs(_ bins: FeatureBins) -> [[Int]] {
        let rows = LayoutPlan.rowCounts[LayoutPlan.rowCounts.count - 1]
        let features = AlignedBuffer(byteCount: rows * featureCount * 4)
        let margins = AlignedBuffer(byteCount: rows * groupCount * 4)
        let scratch = AlignedBuffer(byteCount: layouts.reduce(0) { max($0, $1.scratchBytes) })
        let numbers = unsafe features.base.assumingMemoryBound(to: Float.self)
        let sums = unsafe margins.base.assumingMemoryBound(to: Float.self)
        unsafe bins.fill(numbers, rows: rows, width: featureCount)
        var costs = layouts.map { _ in LayoutPlan.rowCounts.map { _ in Int.max } }
        let start = clock.now
        for _ in 0..<Self.runs {
            // The most rows first: there a wrong choice costs most.
            for place in LayoutPlan.rowCounts.indices.reversed() {
                let count = LayoutPlan.rowCounts[place]
                for (index, layout) in layouts.enumerated() {
                    let before = clock.now
                    guard start.duration(to: before) < Self.limit else { return costs }
                    for row in stride(from: 0, to: rows, by: count) {
                        unsafe layout.add(
                            numbers + row * featureCount,
                            rows: count,
                            to: sums + row * groupCount,
                            scratch: scratch.base
                        )
                    }
                    let taken = before.duration(to: clock.now).components
                    // Seconds are no cost to compare: the first limit is far below one.
                    let cost = taken.seconds > 0 ? Int.max - 1 : Int(taken.attoseconds)
                    costs[index][place] = min(costs[index][place], cost)
                }
            }
        }
        return costs
    }
}
