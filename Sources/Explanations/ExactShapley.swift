/// Shapley values of few features, exactly: the model is run on all coalitions of features.
///
/// The value of a coalition is the mean score of rows that take the features of the coalition from
/// the event and the others from a background row ("interventional": Janzing, Minorics, Bloebaum,
/// AISTATS 2020, arXiv:1910.13413; Lundberg and Lee, NeurIPS 2017, arXiv:1705.07874). A feature's
/// Shapley value is what it adds to a coalition, weighted by s! (d - 1 - s)! / d! for a coalition of
/// s others among d features (Shapley 1953). Shapley values are linear in the game, so those against
/// the background are the mean of those against each of its rows, and the spread over the rows gives
/// their standard error.
///
/// Rows: coalition after coalition in the order of its bits (bit j is feature j), each over all
/// background rows; all features together, the event itself, is the one last row.
public struct ExactShapley: EvaluationPlan {
    /// The most features: 1024 coalitions a background row.
    public static let maximumFeatures = 10

    /// What absent features are taken from.
    public let background: Background

    /// Refuses more features than `maximumFeatures`.
    public init(background: Background) throws(ExplanationError) {
        guard background.features <= Self.maximumFeatures else {
            throw ExplanationError(
                "features of exact Shapley values",
                found: "\(background.features)",
                allowed: "at most \(Self.maximumFeatures)"
            )
        }
        self.background = background
    }

    /// Features of the model.
    public var features: Int { background.features }

    /// (2^d - 1) B + 1, for d features and B background rows.
    public var evaluations: Int { everyone * background.rows + 1 }

    /// The coalition of all features.
    private var everyone: Int { 1 << features - 1 }

    /// Features of the coalition from the event, the others from the background row.
    public func write(
        row: Int,
        of x: Span<Float>,
        to buffer: inout MutableSpan<Float>,
        at offset: Int
    ) {
        let (coalition, other) = row.quotientAndRemainder(dividingBy: background.rows)
        let numbers = background.numbers.span
        for feature in 0..<features {
            buffer[offset + feature] =
                coalition & (1 << feature) == 0 ? numbers[other * features + feature] : x[feature]
        }
    }

    /// "coalition {0, 3} over background row 2".
    public func name(ofRow row: Int) -> String {
        let (coalition, other) = row.quotientAndRemainder(dividingBy: background.rows)
        if coalition == everyone { return "all features" }
        let members = (0..<features).filter { coalition & (1 << $0) != 0 }.map(String.init)
        return "coalition {\(members.joined(separator: ", "))} over background row \(other)"
    }

    /// The values, from the scores of all rows in their order; `event` is for messages.
    ///
    /// The standard error is that of a mean over the background rows. Refuses scores that are not
    /// finite. O(2^d d B), beside room for B d numbers.
    @specialized(where Score == Float)
    @specialized(where Score == Double)
    public func values<Score: BinaryFloatingPoint>(
        scores: Span<Score>,
        event: UInt64
    ) throws(ExplanationError) -> ShapleyValues {
        try check(scores, width: 1, event: event)
        let rows = background.rows
        let score = Double(scores[everyone * rows])
        // Feature after feature, the value against each row.
        var ofRows = [Double](repeating: 0, count: features * rows)
        for coalition in 0..<everyone {
            let weight = weight(others: coalition.nonzeroBitCount)
            for feature in 0..<features where coalition & (1 << feature) == 0 {
                let joined = coalition | 1 << feature
                for row in 0..<rows {
                    let with =
                        joined == everyone ? score : Double(scores[joined * rows + row])
                    let without = Double(scores[coalition * rows + row])
                    ofRows[feature * rows + row] += weight * (with - without)
                }
            }
        }
        var means = [RunningMean](repeating: RunningMean(), count: features)
        var base = RunningMean()
        for row in 0..<rows {
            base.take(Double(scores[row]))
            for feature in 0..<features { means[feature].take(ofRows[feature * rows + row]) }
        }
        return ShapleyValues(base: base.mean, score: score, means)
    }

    /// s! (d - 1 - s)! / d!, by the binomial coefficient of s among d - 1.
    private func weight(others: Int) -> Double {
        var coefficient = 1
        for step in 0..<others { coefficient = coefficient * (features - 1 - step) / (step + 1) }
        return 1 / Double(features * coefficient)
    }
}
