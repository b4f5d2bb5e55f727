/// Leaf paths that have no table: their conditions are too many, or all tables would be too large.
///
/// With covers a path of k conditions costs some k² multiplications an event. With rows it costs a
/// look at every different set of its conditions that a row meets.
struct LongPaths: Sendable {
    /// One path.
    struct Path {
        var value: Double
        var group: Int
        /// Its places in `conditions`, `features` and `shares`.
        var places: Range<Int>
        /// Its places in `patterns`; empty with covers.
        var patterns: Range<Int>

        /// All conditions.
        var full: UInt64 { ~0 >> UInt64(UInt64.bitWidth - places.count) }
    }

    /// A set of conditions that rows of the background meet, and no others.
    struct Pattern: BitwiseCopyable {
        var met: UInt64
        /// The leaf's value times the share of such rows.
        var value: Double
    }

    typealias Point = (point: Double, weight: Double)

    private(set) var paths: [Path] = []
    private(set) var conditions: [PathCondition] = []
    private(set) var features: [Int] = []
    private(set) var shares: [Double] = []
    private(set) var patterns: [Pattern] = []
    let usesCovers: Bool
    /// Rules that are exact for a path, by its number of conditions.
    let rules: [[Point]]
    /// Shapley weights, [players][players before].
    let weights: [[Double]]
    /// What the paths add where no feature is known, by group.
    private(set) var expectations: [Double]

    /// Lays out `paths`, which have at most `TreeLimits.pathFeatures` conditions each.
    init(
        _ paths: [LeafPath],
        _ background: PathBackground,
        groupCount: Int
    ) throws(TreeExplainerError) {
        let widest = paths.reduce(0) { max($0, $1.conditions.count) }
        expectations = [Double](repeating: 0, count: groupCount)
        weights = (0...widest).map { players in
            (0..<players).map { ShapleyWeights.weight($0, of: players) }
        }
        // A polynomial of degree k − 1 needs k / 2 points.
        rules = (0...widest).map { ShapleyWeights.quadrature(($0 + 1) / 2) }
        if case .covers = background { usesCovers = true } else { usesCovers = false }
        for path in paths { try append(path, background) }
    }

    private mutating func append(
        _ path: LeafPath,
        _ background: PathBackground
    ) throws(TreeExplainerError) {
        let firstPattern = patterns.count
        switch background {
        case .covers:
            expectations[path.group] += path.conditions.reduce(path.value) { $0 * $1.share }
        case .rows(let rows):
            var places: [UInt64: Int] = [:]
            let value = path.value / Double(rows.count)
            rows.forEachPattern(of: path) { met in
                let place = places[met] ?? patterns.count
                if place == patterns.count {
                    places[met] = place
                    patterns.append(Pattern(met: met, value: 0))
                }
                patterns[place].value += value
            }
            guard patterns.count <= TreeLimits.backgroundPatterns else {
                throw .overLimit(
                    what: "different patterns of the background on long paths",
                    found: patterns.count,
                    limit: TreeLimits.backgroundPatterns
                )
            }
        }
        let first = conditions.count
        conditions += path.conditions.map { PathCondition($0) }
        features += path.conditions.map(\.feature)
        shares += path.conditions.map(\.share)
        let laid = Path(
            value: path.value,
            group: path.group,
            places: first..<conditions.count,
            patterns: firstPattern..<patterns.count
        )
        paths.append(laid)
        for pattern in patterns[laid.patterns] where pattern.met == laid.full {
            expectations[path.group] += pattern.value
        }
    }

    /// Steps for one event, as `TreeExplainer.stepsPerEvent` counts them.
    var stepsPerEvent: Int {
        paths.reduce(0) { sum, path in
            let width = path.places.count
            let factors = Self.factorSteps * width * rules[width].count
            let patterns = Self.patternSteps * path.patterns.count
            return sum + width + (usesCovers ? factors : patterns)
        }
    }

    /// What a factor at a point costs in steps, and a look at a pattern; measured.
    private static let (factorSteps, patternSteps) = (10, 18)
}
