internal import Tensors

/// Leaf paths whose attributions are looked up.
///
/// What a path adds to the attributions depends only on which of its conditions an event meets:
/// with k of them a table of 2^k patterns holds all there is to know, whatever the background
/// (Yang, Fast TreeSHAP, 2021; Nadel and Wettenstein, Woodelf, 2025). Paths that ask about the same
/// features stand together, so that their sum is spread over the features once.
final class PathTables: Sendable {
    /// Conditions of a path that may have a table.
    static let widthLimit = 8
    /// Paths of a run: their tables stay in the second-level cache while events pass.
    static let pathsOfRun = 64

    /// Paths that ask about the same features.
    struct Run: BitwiseCopyable {
        var group: Int
        /// Conditions of each path.
        var width: Int
        var pathCount: Int
        /// Where the features begin in `features`.
        var firstFeature: Int
        /// Where the conditions begin, [path][condition].
        var firstCondition: Int
        /// Where the tables begin, [path][pattern][stride].
        var firstValue: Int
    }

    let groupCount: Int
    let runs: [Run]
    /// The features of each run.
    let features: [Int]
    let conditions: AlignedBuffer
    let values: AlignedBuffer
    /// What the paths add where no feature is known, by group.
    let expectations: [Double]

    /// Makes the tables of `paths`, which have at most `widthLimit` conditions each.
    init(_ paths: [LeafPath], _ background: PathBackground, groupCount: Int) {
        self.groupCount = groupCount
        let conditionCount = paths.reduce(0) { $0 + $1.conditions.count }
        conditions = AlignedBuffer(
            byteCount: conditionCount * MemoryLayout<PathCondition>.stride
        )
        values = AlignedBuffer(
            byteCount: paths.reduce(0) { $0 + Self.tableBytes(width: $1.conditions.count) }
        )
        let conditions = unsafe conditions.base.assumingMemoryBound(to: PathCondition.self)
        let values = unsafe values.base.assumingMemoryBound(to: Double.self)
        var (runs, features): ([Run], [Int]) = ([], [])
        var expectations = [Double](repeating: 0, count: groupCount)
        var (nextCondition, nextValue) = (0, 0)
        for alike in Self.alike(paths) {
            let width = paths[alike[0]].conditions.count
            for first in stride(from: 0, to: alike.count, by: Self.pathsOfRun) {
                let members = alike[first..<min(first + Self.pathsOfRun, alike.count)]
                runs.append(
                    Run(
                        group: paths[alike[0]].group,
                        width: width,
                        pathCount: members.count,
                        firstFeature: features.count,
                        firstCondition: nextCondition,
                        firstValue: nextValue
                    )
                )
                for path in members.map({ paths[$0] }) {
                    for condition in path.conditions {
                        unsafe conditions[nextCondition] = PathCondition(condition)
                        nextCondition += 1
                    }
                    let held = background.held(by: path)
                    expectations[path.group] += path.value * held[held.count - 1]
                    unsafe Self.fill(values + nextValue, path, held)
                    nextValue += Self.tableBytes(width: width) / MemoryLayout<Double>.stride
                }
            }
            features += paths[alike[0]].conditions.map(\.feature)
        }
        self.runs = runs
        self.features = features
        self.expectations = expectations
    }

    /// The number of conditions up to which all of `paths` have a table, if tables take no more than
    /// `bytes`.
    static func width(for paths: [LeafPath], bytes: Int) -> Int {
        var left = bytes
        var counts = [Int](repeating: 0, count: widthLimit + 1)
        for path in paths where path.conditions.count <= widthLimit {
            counts[path.conditions.count] += 1
        }
        for width in 1...widthLimit {
            left -= counts[width] * tableBytes(width: width)
            if left < 0 { return width - 1 }
        }
        return widthLimit
    }

    /// Steps for one event: conditions tested, values added.
    var stepsPerEvent: Int { runs.reduce(0) { $0 + $1.pathCount * $1.width * 2 } }

    /// Places of paths that add to the same group and ask about the same features, in the order in
    /// which they are met first.
    private static func alike(_ paths: [LeafPath]) -> [[Int]] {
        var places: [[Int]: Int] = [:]
        var alike: [[Int]] = []
        for (index, path) in paths.enumerated() {
            let key = [path.group] + path.conditions.map(\.feature)
            let place = places[key] ?? alike.count
            if place == alike.count {
                places[key] = place
                alike.append([])
            }
            alike[place].append(index)
        }
        return alike
    }

    /// Values of a pattern: a whole number of vectors, and of cache lines for a table.
    static func patternStride(width: Int) -> Int { width == 2 ? 2 : width <= 4 ? 4 : 8 }

    /// Bytes of a path's table.
    static func tableBytes(width: Int) -> Int {
        patternStride(width: width) * MemoryLayout<Double>.stride << width
    }

    /// Writes the table of a path: the Shapley values of its conditions, by pattern.
    ///
    /// A coalition S of known features is worth the leaf's value times `held[not S]` if the event
    /// meets all of S, else nothing. The Shapley value of a condition is thus a sum over the subsets
    /// of the conditions that are met, which is made for all patterns at once, a bit at a time.
    private static func fill(
        _ table: UnsafeMutablePointer<Double>,
        _ path: LeafPath,
        _ held: [Double]
    ) {
        let width = path.conditions.count
        let full = 1 << width - 1
        let weights = (0..<width).map { ShapleyWeights.weight($0, of: width) }
        var sums = [Double](repeating: 0, count: full + 1)
        for condition in 0..<width {
            for set in 0...full {
                let size = set.nonzeroBitCount
                let joins = set >> condition & 1 == 1
                let weight = joins ? weights[size - 1] : -weights[size]
                sums[set] = weight * held[full ^ set]
            }
            for bit in 0..<width {
                for set in 0...full where set >> bit & 1 == 1 { sums[set] += sums[set ^ 1 << bit] }
            }
            for pattern in 0...full {
                unsafe table[pattern * patternStride(width: width) + condition] =
                    path.value * sums[pattern]
            }
        }
    }
}
