/// A partition of the real line into half-open bins, one calibration each.
///
/// Mondrian conformal prediction (Vovk, Gammerman, Shafer, *Algorithmic Learning in a Random
/// World*, 2005, section 4.5) keeps its promise inside every bin, which at a detector's threshold
/// matters more than the average. The unit is that of the column the bins are made on.
public struct MondrianBins: Codable, Equatable, Sendable {
    /// Interior edges, finite and strictly increasing; empty means one bin.
    public let edges: [Double]

    /// The most edges one partition may have; more would starve every bin of events.
    public static let maximumEdges = 4_096

    /// One bin: the whole line.
    public static let whole = MondrianBins()

    private init() { edges = [] }

    /// Bins between and beyond `edges`: `edges.count + 1` of them.
    public init(edges: [Double]) throws(CalibrationError) {
        guard edges.count <= Self.maximumEdges else {
            throw CalibrationError(
                "bin_edges",
                found: "\(edges.count) edges",
                allowed: "at most \(Self.maximumEdges)"
            )
        }
        for (index, edge) in edges.enumerated() {
            guard edge.isFinite, index == 0 || edges[index - 1] < edge else {
                throw CalibrationError(
                    "bin_edges[\(index)]",
                    found: NumberText.of(edge),
                    allowed: "finite numbers, strictly increasing"
                )
            }
        }
        self.edges = edges
    }

    /// How many bins.
    public var count: Int { edges.count + 1 }

    /// The bin that holds `value`, nil for NaN; a value equal to an edge is in the bin above it.
    ///
    /// O(log count).
    public func index(of value: Double) -> Int? {
        value.isNaN ? nil : edges.countAtMost(value, in: 0..<edges.count)
    }

    /// How many of `values` lie in each bin; refuses NaN, `name` says what they are.
    public func counts(
        of values: [Double],
        name: String
    ) throws(CalibrationError) -> [Int] {
        var counts = [Int](repeating: 0, count: count)
        for (index, value) in values.enumerated() {
            guard let bin = self.index(of: value) else {
                throw CalibrationError("\(name)[\(index)]", found: "nan", allowed: "numbers")
            }
            counts[bin] += 1
        }
        return counts
    }

    /// The bin's bounds, lower one included, upper one not; infinite at the ends.
    public func range(of bin: Int) -> (lower: Double, upper: Double) {
        precondition(bin >= 0 && bin < count, "no such bin")
        return (
            lower: bin == 0 ? -.infinity : edges[bin - 1],
            upper: bin == edges.count ? .infinity : edges[bin]
        )
    }

    /// The bin in words: "[645, 1500)", "< 645", ">= 8000", or "all" for the only bin.
    public func label(_ bin: Int) -> String {
        let (lower, upper) = range(of: bin)
        return switch (lower.isFinite, upper.isFinite) {
        case (false, false): "all"
        case (false, true): "< \(NumberText.of(upper))"
        case (true, false): ">= \(NumberText.of(lower))"
        case (true, true): "[\(NumberText.of(lower)), \(NumberText.of(upper)))"
        }
    }

    /// Decodes the list of edges, checked as in `init(edges:)`.
    public init(from decoder: any Decoder) throws {
        try self.init(edges: decoder.singleValueContainer().decode([Double].self))
    }

    /// Encodes as the list of edges.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(edges)
    }
}
