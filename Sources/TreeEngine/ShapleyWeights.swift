internal import Glibc

/// The weights by which Shapley values average over coalitions.
enum ShapleyWeights {
    /// s! (n − s − 1)! / n!: the chance that exactly `s` given players of `n` come before a given
    /// other one, and the rest after it, if all orders are equally likely.
    static func weight(_ s: Int, of n: Int) -> Double {
        // 1 / (n C(n − 1, s)), as factorials of 64 would lose digits.
        var choices = 1.0
        for step in 0..<min(s, n - 1 - s) { choices *= Double(n - 1 - step) / Double(step + 1) }
        return 1 / (Double(n) * choices)
    }

    /// The Gauss–Legendre rule of `count` points on 0...1, exact up to degree 2 `count` − 1.
    ///
    /// A weight above is the integral of t^s (1 − t)^(n − s − 1), so that a sum over coalitions of
    /// independent features is the integral of one polynomial (Owen 1972; Yu et al. 2022).
    static func quadrature(_ count: Int) -> [(point: Double, weight: Double)] {
        (0..<count).map { index in
            // Newton's method from Tricomi's estimate of the root; it converges in a few steps.
            var x = cos(.pi * (Double(index) + 0.75) / (Double(count) + 0.5))
            var slope = 1.0
            for _ in 0..<8 {
                var (last, value) = (0.0, 1.0)
                for degree in 0..<count {
                    let n = Double(degree)
                    (last, value) = (value, ((2 * n + 1) * x * value - n * last) / (n + 1))
                }
                slope = Double(count) * (x * value - last) / (x * x - 1)
                x -= value / slope
            }
            return ((1 + x) / 2, 1 / ((1 - x * x) * slope * slope))
        }
    }
}
