import TestSupport

/// Inputs and what the reference libraries made of them; see Reference/make_golden.py.
struct Golden: Decodable, Sendable {
    struct Conformal: Decodable, Sendable {
        struct Wanted: Decodable, Sendable {
            var method: String
            var coverage: Double
            /// nil stands for an infinite end.
            var intervals: [[Double?]]
        }
        struct Case: Decodable, Sendable {
            /// Value, lower, upper, sigma, bin value.
            var calibration: [[Double]]
            var truth: [Double]
            var test: [[Double]]
            var wanted: [Wanted]
        }
        var edges: [Double]
        var cases: [Case]
    }
    struct PValues: Decodable, Sendable {
        var edges: [Double]
        var scores: [Double]
        var columns: [Double]
        var classes: [Int]
        var test_scores: [Double]
        var test_columns: [Double]
        var test_classes: [Int]
        var p: [Double]
    }
    struct VennAbersCase: Decodable, Sendable {
        var scores: [Double]
        var labels: [Int]
        var test: [Double]
        var p0: [Double]
        var p1: [Double]
        var merged: [Double]
    }
    struct Discovery: Decodable, Sendable {
        var p: [Double]
        var q: [Double]
    }
    struct TwoSamples: Decodable, Sendable {
        var first: [Double]
        var second: [Double]
        var method: String
        var statistic: Double
        var p: Double
    }
    struct BetaBinomialCase: Decodable, Sendable {
        var trials: Int
        var alpha: Double
        var beta: Double
        var probabilities: [Double]
        var quantiles: [Int]
        var counts: [Int]
        var cumulative: [Double]
    }
    struct Ranking: Decodable, Sendable {
        var scores: [Double]
        var labels: [Int]
        var auc: Double
    }
    struct PhiloxBlock: Decodable, Sendable {
        var counter: [UInt64]
        var key: [UInt64]
        var words: [UInt64]
    }
    struct ClassScores: Decodable, Sendable {
        var probabilities: [[Double]]
        var labels: [Int]
        var least_ambiguous: [Double]
        var adaptive: [Double]
    }
    struct RandomClassScores: Decodable, Sendable {
        var probabilities: [[Double]]
        var labels: [Int]
        var uniforms: [Double]
        var penalty: Double
        var free: Int
        var scores: [Double]
    }
    struct ClassSets: Decodable, Sendable {
        struct Wanted: Decodable, Sendable {
            var coverage: Double
            var sets: [[Int]]
        }
        var edges: [Double]
        var classes: Int
        var probabilities: [[Double]]
        var labels: [Int]
        var columns: [Double]
        var test_probabilities: [[Double]]
        var test_columns: [Double]
        var wanted: [Wanted]
    }
    struct Binomial: Decodable, Sendable {
        var trials: Int
        var probability: Double
        var counts: [Int]
        var cumulative: [Double]
    }
    struct Proportion: Decodable, Sendable {
        var successes: Int
        var trials: Int
        var level: Double
        var lower: Double
        var upper: Double
    }
    struct Isotonic: Decodable, Sendable {
        var scores: [Double]
        var labels: [Int]
        var test: [Double]
        var probabilities: [Double]
    }
    struct ChiSquare: Decodable, Sendable {
        var degrees: Int
        var statistic: Double
        var tail: Double
    }
    struct Combination: Decodable, Sendable {
        var p: [Double]
        var fisher: Double
        var simes: Double
    }
    struct Weighted: Decodable, Sendable {
        struct Wanted: Decodable, Sendable {
            var weight: Double
            var coverage: Double
            /// nil stands for infinity.
            var quantile: Double?
        }
        var scores: [Double]
        var weights: [Double]
        var effective: Double
        var wanted: [Wanted]
    }
    struct Ensemble: Decodable, Sendable {
        var means: [Double]
        var sigmas: [Double]
        var mean: Double
        var aleatoric: Double
        var epistemic: Double
        var probabilities: [[Double]]
        var mean_probabilities: [Double]
        var entropy: Double
        var mean_entropy: Double
    }
    struct Ellipses: Decodable, Sendable {
        var truth: [[Double]]
        var value: [[Double]]
        var scale: [[Double]]
        var coverage: Double
        var radius: Double
        var ellipses: [[Double]]
    }
    struct Logistic: Decodable, Sendable {
        var form: String
        var scores: [Double]
        var labels: [Int]
        var probabilities: [Double]
    }

    var conformal: Conformal
    var p_values: PValues
    var venn_abers: [VennAbersCase]
    var discoveries: [Discovery]
    var kolmogorov_smirnov: [TwoSamples]
    var beta_binomial: [BetaBinomialCase]
    var ranking: [Ranking]
    var philox: [PhiloxBlock]
    var class_scores: [ClassScores]
    var class_sets: ClassSets
    var binomial: [Binomial]
    var proportions: [Proportion]
    var logistic: [Logistic]
    var isotonic: [Isotonic]
    var chi_square: [ChiSquare]
    var combination: [Combination]
    var weighted: [Weighted]
    var ensembles: [Ensemble]
    var ellipses: Ellipses
    var random_class_scores: [RandomClassScores]

    /// Read once.
    static let shared = GoldenFile.read(Golden.self)
}

/// The largest difference between two equally long lists.
func largestDifference(_ found: [Double], _ wanted: [Double]) -> Double {
    precondition(found.count == wanted.count)
    return zip(found, wanted).map { $0 == $1 ? 0 : abs($0 - $1) }.max() ?? 0
}
