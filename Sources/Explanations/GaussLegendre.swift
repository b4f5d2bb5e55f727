internal import Glibc

/// Points and weights of the Gauss-Legendre rule on [0, 1]: exact for polynomials of degree 2 n - 1.
struct GaussLegendre {
    /// Ascending.
    let nodes: [Double]
    /// Positive; their sum is 1.
    let weights: [Double]

    /// Newton's method doubles the digits in each step, from the three or so of its start.
    private static let maximumSteps = 10

    init(points: Int) {
        precondition(points > 0, "a rule has points")
        var nodes = [Double](repeating: 0.5, count: points)
        var weights = [Double](repeating: 1, count: points)
        for index in 0..<(points + 1) / 2 {
            // The zeros lie close to these (Abramowitz and Stegun 22.16.6).
            var zero = cos(.pi * (Double(index) + 0.75) / (Double(points) + 0.5))
            var slope = 0.0
            for _ in 0..<Self.maximumSteps {
                let (value, derivative) = Self.legendre(zero, degree: points)
                slope = derivative
                let step = value / derivative
                zero -= step
                if abs(step) <= 1e-15 { break }
            }
            let weight = 1 / ((1 - zero * zero) * slope * slope)
            let mirror = points - 1 - index
            (nodes[index], nodes[mirror]) = ((1 - zero) / 2, (1 + zero) / 2)
            (weights[index], weights[mirror]) = (weight, weight)
        }
        self.nodes = nodes
        self.weights = weights
    }

    /// The Legendre polynomial and its derivative, inside (-1, 1), by Bonnet's recursion.
    private static func legendre(_ x: Double, degree: Int) -> (value: Double, derivative: Double) {
        var (before, value) = (1.0, x)
        for order in stride(from: 2.0, through: Double(degree), by: 1) {
            (before, value) = (value, ((2 * order - 1) * x * value - (order - 1) * before) / order)
        }
        return (value, Double(degree) * (x * value - before) / (x * x - 1))
    }
}
