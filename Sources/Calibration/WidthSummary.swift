internal import Glibc

/// How wide the answers to the events of one bin are, in the output's unit.
public struct WidthSummary: Sendable, Equatable {
    /// Events.
    public let events: Int
    /// Their mean width; infinite if one is.
    public let mean: Double
    /// Its standard error: that of so many events, and that of a quantile of so many scores.
    ///
    /// Infinite where the bin has too few events to tell.
    public let error: Double
    /// Half are narrower.
    public let median: Double
    /// A tenth is narrower.
    public let low: Double
    /// A tenth is wider.
    public let high: Double

    /// Summarises what `widths` gives at a coverage for the events of a bin in which
    /// `calibrationEvents` scores, at least one, make the quantile.
    ///
    /// Of n scores the share below the true quantile is c ± √(c (1 - c) / n), so half the distance of
    /// the mean widths at these two coverages is what the quantile adds to the error, in square.
    init(coverage: Double, calibrationEvents: Int, widths: (Double) -> [Double]) {
        let sorted = widths(coverage).sorted()
        events = sorted.count
        guard !sorted.isEmpty else {
            (mean, error, median, low, high) = (.nan, .nan, .nan, .nan, .nan)
            return
        }
        mean = Self.mean(sorted)
        median = Self.quantile(sorted, 0.5)
        low = Self.quantile(sorted, 0.1)
        high = Self.quantile(sorted, 0.9)
        let shift = (coverage * (1 - coverage) / Double(calibrationEvents)).squareRoot()
        let wider = coverage + shift < 1 ? Self.mean(widths(coverage + shift)) : .infinity
        guard mean < .infinity, wider < .infinity, events > 1 else {
            error = .infinity
            return
        }
        let narrower = coverage > shift ? Self.mean(widths(coverage - shift)) : 0
        let center = mean
        let squares = sorted.reduce(0) { $0 + ($1 - center) * ($1 - center) }
        let ofEvents = (squares / Double(events - 1) / Double(events)).squareRoot()
        error = hypot(ofEvents, (wider - narrower) / 2)
    }

    private static func mean(_ widths: [Double]) -> Double {
        widths.reduce(0, +) / Double(widths.count)
    }

    /// The smallest of sorted widths that a share of them does not exceed.
    private static func quantile(_ sorted: [Double], _ share: Double) -> Double {
        sorted[max(0, Int((share * Double(sorted.count)).rounded(.up)) - 1)]
    }
}
