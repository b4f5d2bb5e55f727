public import Calibration

/// How one watched value was distributed in a reference sample: counts in fixed bins.
public struct ReferenceHistogram: Equatable, Sendable {
    /// Fewest events in all that a window can be compared with.
    public static let fewestEvents = 100

    /// The bins, in the value's unit.
    public let bins: MondrianBins
    /// Events of each bin.
    public let counts: [Int]
    /// Events in all.
    public let events: Int
    /// Events in the bins below each bin.
    let below: [Int]

    /// Counts that came from outside: as many as bins, not negative, `fewestEvents` in all.
    public init(bins: MondrianBins, counts: [Int]) throws(CalibrationError) {
        guard counts.count == bins.count else {
            throw CalibrationError(
                "counts",
                found: "\(counts.count) of them",
                allowed: "\(bins.count), one for each bin"
            )
        }
        var below: [Int] = []
        var sum = 0
        for (bin, count) in counts.enumerated() {
            guard count >= 0 else {
                throw CalibrationError("counts[\(bin)]", found: "\(count)", allowed: "0 and more")
            }
            below.append(sum)
            sum += count
        }
        guard sum >= Self.fewestEvents else {
            throw CalibrationError(
                "counts",
                found: "\(sum) events",
                allowed: "at least \(Self.fewestEvents)"
            )
        }
        self.bins = bins
        self.counts = counts
        self.below = below
        events = sum
    }

    /// Counts the values of a sample; refuses NaN and what the other initialiser refuses.
    public init(values: [Double], bins: MondrianBins) throws(CalibrationError) {
        try self.init(bins: bins, counts: bins.counts(of: values, name: "values"))
    }

    /// Bins in each of which about the same share of `values` lies: at most `count`, fewer where
    /// many are equal.
    ///
    /// Such bins see a shift wherever the events are. NaN is left out.
    public static func equalShares(
        _ values: [Double],
        count: Int
    ) throws(CalibrationError) -> MondrianBins {
        precondition(count >= 1, "at least one bin")
        let sorted = values.filter { $0.isFinite }.sorted()
        guard let least = sorted.first else {
            throw CalibrationError("values", found: "no finite ones", allowed: "at least 1")
        }
        var edges: [Double] = []
        for place in 1..<max(count, 1) {
            let edge = sorted[place * sorted.count / count]
            // The bins begin at their edges: one at the least value would leave nothing below it.
            if edge > edges.last ?? least { edges.append(edge) }
        }
        return try MondrianBins(edges: edges)
    }

    /// The p-value of an event in `bin` among the reference's events, a larger value being stranger;
    /// `uniform` in [0, 1) is the event's own and breaks ties, so that it is uniform if the event is
    /// exchangeable with them.
    ///
    /// (#{larger} + U (#{equal} + 1)) / (n + 1); Vovk et al. 2005, smoothed.
    public func pValue(bin: Int, uniform: Double) -> Double {
        let larger = events - below[bin] - counts[bin]
        return (Double(larger) + uniform * Double(counts[bin] + 1)) / Double(events + 1)
    }
}
