internal import Calibration

/// Whether a window of events is distributed as a reference, and how far from it: significance and
/// effect, for with enough events every difference is significant.
public struct DriftTest: Equatable, Sendable {
    /// Events of the window.
    public let events: Int
    /// The largest difference of the two cumulative distributions at an edge, 0 to 1: so large a
    /// share of events lies on the other side of some value.
    public let distance: Double
    /// Kolmogorov and Smirnov's p-value of `distance`; conservative, for values in a bin are ties.
    public let distancePValue: Double
    /// Pearson's chi-square of the two rows of counts; bins with fewer events than 5 expected of
    /// either row are merged with their neighbours.
    public let chiSquare: Double
    /// Its degrees of freedom; 0 where one bin is left, which tells nothing.
    public let degrees: Int
    /// Its p-value.
    public let chiSquarePValue: Double
    /// Both p-values as one, by Simes: they are of the same events, so dependent.
    public let pValue: Double

    private static let fewestExpected = 5.0

    /// Compares the counts of a window, one a bin of the reference, at least one event.
    ///
    /// O(bins) but for the p-value of small samples; microseconds.
    public init(window: [Int], reference: ReferenceHistogram) {
        precondition(window.count == reference.counts.count, "counts of the same bins")
        events = window.reduce(0, +)
        precondition(events > 0, "a window has events")
        let smirnov = KolmogorovSmirnov.binned(reference.counts, window)
        distance = smirnov.statistic
        distancePValue = smirnov.pValue
        let merged = Self.merged(window, reference.counts)
        let scale = Double(events) / Double(reference.events)
        var sum = 0.0
        for (inWindow, inReference) in merged {
            let difference =
                Double(inWindow) / scale.squareRoot() - Double(inReference) * scale.squareRoot()
            sum += difference * difference / Double(inWindow + inReference)
        }
        chiSquare = sum
        degrees = merged.count - 1
        chiSquarePValue = degrees > 0 ? ChiSquareLaw.tail(statistic: sum, degrees: degrees) : 1
        pValue = PValueCombination.simes([distancePValue, chiSquarePValue])
    }

    /// Neighbouring bins joined until each has what it needs of both rows.
    private static func merged(_ window: [Int], _ reference: [Int]) -> [(Int, Int)] {
        let all = Double(window.reduce(0, +) + reference.reduce(0, +))
        let smaller = Double(min(window.reduce(0, +), reference.reduce(0, +)))
        var groups: [(Int, Int)] = []
        var open = (0, 0)
        for (inWindow, inReference) in zip(window, reference) {
            open = (open.0 + inWindow, open.1 + inReference)
            guard Double(open.0 + open.1) * smaller / all >= fewestExpected else { continue }
            groups.append(open)
            open = (0, 0)
        }
        // What is left over belongs to the last one.
        if open != (0, 0) || groups.isEmpty {
            let last = groups.popLast() ?? (0, 0)
            groups.append((last.0 + open.0, last.1 + open.1))
        }
        return groups
    }
}
