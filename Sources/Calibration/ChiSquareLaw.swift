internal import Glibc

/// The chi-square law, as tests of counts and combinations of p-values need it.
public enum ChiSquareLaw {
    /// P(X ≥ statistic) of a law with `degrees` of freedom, at least 1.
    ///
    /// By the finite sums for whole degrees (Abramowitz and Stegun 26.4.4 and 26.4.5), whose terms
    /// are all positive, so that small tails keep their digits. 1 for a statistic of 0 and less,
    /// NaN for NaN. O(degrees).
    public static func tail(statistic: Double, degrees: Int) -> Double {
        precondition(degrees >= 1, "no such law")
        guard statistic > 0 else { return statistic.isNaN ? .nan : 1 }
        guard statistic < .infinity else { return 0 }
        let half = statistic / 2
        let isEven = degrees.isMultiple(of: 2)
        // Powers 0, 1, 2, ... below degrees / 2, or 1/2, 3/2, ...
        var power = isEven ? 0.0 : 0.5
        var sum = isEven ? 0 : erfc(half.squareRoot())
        for _ in 0..<degrees / 2 {
            sum += exp(power * log(half) - half - lgamma(power + 1))
            power += 1
        }
        return min(1, sum)
    }
}
