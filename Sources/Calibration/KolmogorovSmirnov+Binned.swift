extension KolmogorovSmirnov {
    /// Compares two samples that were counted in the same bins.
    ///
    /// The events of a bin count as ties, so that the statistic is at most that of the values
    /// themselves and the p-value conservative. O(bins) but for the exact law. At least one event in
    /// either sample, products of both totals below 2^62.
    public static func binned(_ first: [Int], _ second: [Int]) -> KolmogorovSmirnov {
        precondition(first.count == second.count, "counts of the same bins")
        let all = (first.reduce(0, +), second.reduce(0, +))
        precondition(all.0 > 0 && all.1 > 0, "samples have events")
        var (here, there, largest) = (0, 0, 0)
        for (inFirst, inSecond) in zip(first, second) {
            here += inFirst
            there += inSecond
            largest = max(largest, abs(here * all.1 - there * all.0))
        }
        return KolmogorovSmirnov(distance: largest, first: all.0, second: all.1)
    }
}
