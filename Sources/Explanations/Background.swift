/// Stored events that say what an absent feature would have been: a sample of the population that an
/// event is compared with.
public struct Background: Equatable, Sendable {
    /// The most rows.
    public static let maximumRows = 4096
    /// The most numbers, rows times features: 64 MiB.
    public static let maximumNumbers = 1 << 24

    /// Numbers in a row.
    public let features: Int
    /// Rows.
    public let rows: Int
    /// The rows, one after the other; NaN for missing values.
    public let numbers: [Float]

    /// Rows one after the other, each of `features` numbers in C order.
    ///
    /// NaN is let through, for it is how a tree is told that a value is missing; infinities are
    /// refused, as are no rows, rows cut short and more than the limits.
    public init(numbers: [Float], features: Int) throws(ExplanationError) {
        try FeatureCount.check(features)
        guard !numbers.isEmpty, numbers.count.isMultiple(of: features) else {
            throw ExplanationError(
                "background",
                found: "\(numbers.count) numbers",
                allowed: "rows of \(features), at least one"
            )
        }
        let rows = numbers.count / features
        let most = min(Self.maximumRows, Self.maximumNumbers / features)
        guard rows <= most else {
            throw ExplanationError(
                "background",
                found: "\(rows) rows",
                allowed: "at most \(most) of \(features) features"
            )
        }
        if let index = numbers.firstIndex(where: \.isInfinite) {
            throw ExplanationError(
                "background row \(index / features), feature \(index % features)",
                found: "\(numbers[index])",
                allowed: "finite numbers, or NaN for a missing one"
            )
        }
        self.features = features
        self.rows = rows
        self.numbers = numbers
    }

    /// The mean of every feature, as a baseline; NaN for one that is missing somewhere.
    public func mean() -> [Float] {
        var sums = [Double](repeating: 0, count: features)
        for row in 0..<rows {
            for feature in 0..<features {
                sums[feature] += Double(numbers[row * features + feature])
            }
        }
        return sums.map { Float($0 / Double(rows)) }
    }
}
