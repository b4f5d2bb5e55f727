/// Which order statistic of n calibration scores gives a coverage.
public enum ConformalRank {
    /// k = ⌈(n + 1) coverage⌉, at least 1; n + 1 or more means that n scores do not suffice.
    ///
    /// A coverage of 0.9 means nine tenths, not the binary number nearest to it: a product within
    /// rounding error of a whole number is that number, so that n = 9 gives 9 and not 10. Coverage
    /// of 1 and more, or NaN, gives n + 1. Vovk et al. 2005.
    public static func rank(events: Int, coverage: Double) -> Int {
        rank(events: events, fraction: coverage)
    }

    /// The same for one end of a two-ended interval, which may miss half of 1 - coverage:
    /// k = ⌈(n + 1)(1 + coverage)/2⌉.
    public static func rankOfOneEnd(events: Int, coverage: Double) -> Int {
        rank(events: events, fraction: (1 + coverage) / 2)
    }

    /// The fewest events whose rank does not exceed them: with fewer the quantile is infinite.
    ///
    /// A coverage between 0 and 1.
    public static func fewestEvents(coverage: Double) -> Int {
        precondition(coverage > 0 && coverage < 1, "no events suffice")
        // coverage / (1 - coverage) of them, but for rounding.
        var events = max(0, Int((coverage / (1 - coverage)).rounded(.down)) - 2)
        while rank(events: events, coverage: coverage) > events { events += 1 }
        return events
    }

    private static func rank(events: Int, fraction: Double) -> Int {
        precondition(events >= 0)
        guard fraction < 1 else { return events + 1 }
        let product = Double(events + 1) * max(fraction, 0)
        let whole = product.rounded()
        // Each of the decimal's conversion, 1 + coverage and the product costs at most 2^-53 of
        // the product's size; 2^-51 holds them all.
        let isWhole = abs(product - whole) <= product * 0x1p-51
        return max(1, Int(isWhole ? whole : product.rounded(.up)))
    }
}
