import TestSupport

/// Inputs and what the reference libraries made of them; see Reference/make_golden.py.
struct Golden: Decodable, Sendable {
    struct Drift: Decodable, Sendable {
        var reference: [Int]
        var window: [Int]
        var chi_square: Double
        var degrees: Int
        var chi_square_p: Double
        var distance: Double
    }
    struct Martingale: Decodable, Sendable {
        var p: [Double]
        var capital: [Double]
    }

    var drift: [Drift]
    var martingales: [Martingale]

    /// Read once.
    static let shared = GoldenFile.read(Golden.self)
}
