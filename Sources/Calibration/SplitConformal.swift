/// Split conformal intervals for one regression output, one quantile a bin.
///
/// Over fresh events of a bin the interval covers the truth with at least the coverage asked,
/// whatever the model, as long as they are exchangeable with the calibration events of that bin.
/// How far a measured coverage may then lie from it is `CoverageLaw`'s subject.
public struct SplitConformal: Sendable, Equatable {
    /// How scores were made.
    public let method: ConformalMethod
    /// Which ends the interval has.
    public let side: IntervalSide
    /// The bins, in the units of their columns.
    public let bins: MondrianGrid
    /// Calibration events in each bin.
    public let eventsPerBin: [Int]
    /// What adaptation asks of the bins instead of the coverage wanted, or nil.
    public var adapted: AdaptedLevels?
    /// Scores of the only end, or of the lower one.
    let below: BinnedScores
    /// Scores of the upper end; nil where both ends share one score.
    let above: BinnedScores?

    /// Tables already checked: as many bins as `bins`, `above` there only for `cqrAsymmetric`, which
    /// has both ends.
    init(
        method: ConformalMethod,
        side: IntervalSide,
        bins: MondrianGrid,
        below: BinnedScores,
        above: BinnedScores?
    ) {
        precondition(below.binCount == bins.count)
        precondition(side == .both || method != .cqrAsymmetric)
        precondition((above != nil) == (method == .cqrAsymmetric))
        precondition(above == nil || above?.starts == below.starts)
        self.method = method
        self.side = side
        self.bins = bins
        self.below = below
        self.above = above
        eventsPerBin = below.counts
    }

    /// The quantile for a bin at a coverage between 0 and 1.
    ///
    /// O(1), allocates nothing.
    ///
    /// The k-th smallest score of the bin, k = ⌈(n + 1) coverage⌉, infinite when k > n; the
    /// asymmetric form takes k = ⌈(n + 1)(1 - α/2)⌉ at each end, α = 1 - coverage. Adapted, the bin's
    /// own level stands for the coverage, whatever it is.
    public func quantile(bin: Int, coverage: Double) -> ConformalQuantile {
        quantile(bin: bin, level: adapted?.bins[bin].coverage ?? coverage)
    }

    /// The quantile at a level that adaptation has chosen, from 0 to 1: 1 is infinite.
    public func quantile(bin: Int, level coverage: Double) -> ConformalQuantile {
        let events = below.range(of: bin).count
        guard let above else {
            let rank = ConformalRank.rank(events: events, coverage: coverage)
            let quantile = below.smallest(rank, in: bin)
            return ConformalQuantile(below: quantile, above: quantile)
        }
        let rank = ConformalRank.rankOfOneEnd(events: events, coverage: coverage)
        return ConformalQuantile(
            below: below.smallest(rank, in: bin),
            above: above.smallest(rank, in: bin)
        )
    }

    /// The interval of one event, in the output's unit.
    ///
    /// `value` is used by `absolute` and `normalised`, `lower` and `upper` by the CQR forms,
    /// `sigma` by `normalised` (no positive sigma: the whole line). An infinite quantile gives the
    /// whole line. Ends that would cross, an empty set, become their midpoint, which covers no
    /// less. An end that `side` leaves out is infinite. NaN in gives NaN out.
    public func interval(
        _ quantile: ConformalQuantile,
        value: Double,
        lower: Double,
        upper: Double,
        sigma: Double
    ) -> (lower: Double, upper: Double) {
        let whole = (lower: -Double.infinity, upper: Double.infinity)
        guard !quantile.isInfinite else { return whole }
        let ends: (lower: Double, upper: Double)
        switch method {
        case .absolute:
            ends = (value - quantile.below, value + quantile.above)
        case .normalised:
            if sigma <= 0 { return whole }
            ends = (value - quantile.below * sigma, value + quantile.above * sigma)
        case .cqr, .cqrAsymmetric:
            ends = (lower - quantile.below, upper + quantile.above)
        }
        switch side {
        case .upper: return (ends.upper.isNaN ? .nan : -.infinity, ends.upper)
        case .lower: return (ends.lower, ends.lower.isNaN ? .nan : .infinity)
        case .both: break
        }
        guard ends.lower > ends.upper else { return ends }
        let middle = ends.lower / 2 + ends.upper / 2
        return (middle, middle)
    }
}
