internal import Glibc

/// The two-sample Kolmogorov-Smirnov test of whether two samples come from one distribution.
///
/// The statistic is a whole number of 1/(n m), found exactly with ties. Its p-value is exact while
/// n m is at most `exactLimit` (lattice paths; Hodges 1958), else Kolmogorov's limit at the
/// effective size n m / (n + m) with the finite-size term of Stephens, JRSS B 32 (1970) 115. With
/// ties either is conservative.
public struct KolmogorovSmirnov: Sendable, Equatable {
    /// The largest distance between the two cumulative distributions, 0 to 1.
    public let statistic: Double
    /// The chance of so large a distance, were the distributions one.
    public let pValue: Double
    /// Events of the first sample.
    public let firstEvents: Int
    /// Events of the second sample.
    public let secondEvents: Int

    /// Up to this n m the p-value is exact; 4 million steps take some 4 ms.
    public static let exactLimit = 4_000_000

    /// `distance` is the statistic in units of 1/(n m).
    init(distance: Int, first: Int, second: Int) {
        firstEvents = first
        secondEvents = second
        statistic = Double(distance) / (Double(first) * Double(second))
        pValue =
            Double(first) * Double(second) <= Double(Self.exactLimit)
            ? Self.exactTail(distance, min(first, second), max(first, second))
            : Self.limitTail(statistic, first, second)
    }

    /// Compares two samples.
    ///
    /// Refuses NaN and an empty sample. O(n log n).
    public static func twoSample(
        _ first: [Double],
        _ second: [Double]
    ) throws(CalibrationError) -> KolmogorovSmirnov {
        try check(first, "first")
        try check(second, "second")
        let left = first.sorted()
        let right = second.sorted()
        var (i, j, largest) = (0, 0, 0)
        while i < left.count, j < right.count {
            let value = min(left[i], right[j])
            while i < left.count, left[i] == value { i += 1 }
            while j < right.count, right[j] == value { j += 1 }
            largest = max(largest, abs(i * right.count - j * left.count))
        }
        return KolmogorovSmirnov(distance: largest, first: left.count, second: right.count)
    }

    private static func check(_ sample: [Double], _ name: String) throws(CalibrationError) {
        guard !sample.isEmpty else {
            throw CalibrationError(name, found: "0 events", allowed: "at least 1")
        }
        if let index = sample.firstIndex(where: \.isNaN) {
            throw CalibrationError("\(name)[\(index)]", found: "nan", allowed: "numbers")
        }
    }

    /// P(D ≥ distance): the weight of the lattice paths from (0, 0) to (n, m) that leave the band.
    private static func exactTail(_ distance: Int, _ n: Int, _ m: Int) -> Double {
        if distance == 0 { return 1 }
        // inside[j]: the share of paths to (i, j) that stayed strictly inside the band, scaled at
        // each row by i/(i + m) so that no binomial coefficient is ever formed.
        var inside = (0...m).map { $0 * n < distance ? 1.0 : 0.0 }
        for i in 1...n {
            let scale = Double(i) / Double(i + m)
            inside[0] = i * m < distance ? scale * inside[0] : 0
            for j in 1...m {
                let isInside = abs(i * m - j * n) < distance
                inside[j] = isInside ? scale * inside[j] + inside[j - 1] : 0
            }
        }
        return min(1, max(0, 1 - inside[m]))
    }

    /// Kolmogorov's limit, by whichever of its two series converges at once.
    private static func limitTail(_ statistic: Double, _ n: Int, _ m: Int) -> Double {
        let root = (Double(n) / (Double(n) + Double(m)) * Double(m)).squareRoot()
        let lambda = (root + 0.12 + 0.11 / root) * statistic
        if lambda < 1.18 {
            // Below this the alternating series needs many terms; its theta transform needs four.
            if lambda < 0.1 { return 1 }
            let exponent = -Double.pi * Double.pi / (8 * lambda * lambda)
            let sum = [1.0, 9, 25, 49].reduce(0) { $0 + exp($1 * exponent) }
            return min(1, max(0, 1 - (2 * Double.pi).squareRoot() / lambda * sum))
        }
        let terms = (1...5).map { j in
            (j.isMultiple(of: 2) ? -2 : 2) * exp(-2 * Double(j * j) * lambda * lambda)
        }
        return min(1, max(0, terms.reduce(0, +)))
    }
}
