import TestSupport

/// Inputs and what the reference libraries made of them; see Reference/make_golden.py.
struct Golden: Decodable, Sendable {
    struct Exact: Decodable, Sendable {
        var model: Network
        var background: [Float]
        var x: [Float]
        var base: Double
        var values: [Double]
        var errors: [Double]
    }
    struct Pairwise: Decodable, Sendable {
        var quadratic: [[Double]]
        var background: [Float]
        var x: [Float]
        var base: Double
        var values: [Double]
    }
    struct Many: Decodable, Sendable {
        var model: Network
        var background: [Float]
        var x: [Float]
        var base: Double
        var exact: [Double]
        var permutation: [Double]
    }
    struct Draws: Decodable, Sendable {
        var seed: UInt64
        var event: UInt64
        var rows: Int
        var background_rows: [Int]
        var orders: [[Int]]
    }
    struct Groups: Decodable, Sendable {
        var model: Network
        var x: [Float]
        var baseline: [Float]
        var groups: [[Int]]
        var values: [Double]
    }
    struct Patches: Decodable, Sendable {
        var model: Network
        var x: [Float]
        var shape: [Int]
        var side: Int
        var values: [Double]
    }
    struct Gradients: Decodable, Sendable {
        var model: Network
        var x: [Float]
        var baseline: [Float]
        var steps: Int
        var integrated: [Double]
        var gradient_times_input: [Double]
    }
    struct Rule: Decodable, Sendable {
        var nodes: [Double]
        var weights: [Double]
    }

    var exact: [Exact]
    var pairwise: Pairwise
    var many: Many
    var draws: Draws
    var groups: Groups
    var patches: Patches
    var gradients: [Gradients]
    var rules: [Rule]

    /// Read once.
    static let shared = GoldenFile.read(Golden.self)
}
