/// The orders and background rows that one event drew, as rows to evaluate.
///
/// Rows of a pair: the background row; then the features of the order replaced one by one by the
/// event's; then, from the event, put back one by one in the same order. The event itself, which
/// stands between the two halves of every pair, is the one last row.
public struct PermutationPlan: EvaluationPlan, Equatable {
    /// What it is a plan of.
    public let method: PermutationShapley
    /// The event's number, for messages.
    public let event: UInt64
    /// One a pair.
    let backgroundRows: [Int32]
    /// Features in the order they join, pair after pair.
    let orders: [Int32]

    init(method: PermutationShapley, seed: UInt64, event: UInt64) {
        self.method = method
        self.event = event
        let features = method.background.features
        var random = EventRandom(seed: seed, event: event)
        // Fisher and Yates, of the background only as far as there are pairs.
        var rows = (0..<method.background.rows).map { Int32($0) }
        var orders: [Int32] = []
        orders.reserveCapacity(method.pairs * features)
        for pair in 0..<method.pairs {
            rows.swapAt(pair, pair + random.below(rows.count - pair))
            let first = orders.count
            for feature in 0..<features { orders.append(Int32(feature)) }
            for place in 0..<features {
                orders.swapAt(first + place, first + place + random.below(features - place))
            }
        }
        backgroundRows = Array(rows.prefix(method.pairs))
        self.orders = orders
    }

    /// Features of the model.
    public var features: Int { method.background.features }

    /// K (2 d - 1) + 1.
    public var evaluations: Int { method.evaluations }

    private var rowsPerPair: Int { 2 * features - 1 }

    /// Where a row stands: its pair, how many features of the order were moved, and to which side.
    private func place(of row: Int) -> (pair: Int, moved: Int, isJoining: Bool) {
        let (pair, step) = row.quotientAndRemainder(dividingBy: rowsPerPair)
        return step < features ? (pair, step, true) : (pair, step - features + 1, false)
    }

    /// The background row with features of the event in it, or the other way round.
    public func write(
        row: Int,
        of x: Span<Float>,
        to buffer: inout MutableSpan<Float>,
        at offset: Int
    ) {
        let (pair, moved, isJoining) = place(of: row)
        guard pair < method.pairs else {
            copy(x, from: 0, count: features, to: &buffer, at: offset)
            return
        }
        let numbers = method.background.numbers.span
        let orders = orders.span
        let first = Int(backgroundRows[pair]) * features
        if isJoining {
            copy(numbers, from: first, count: features, to: &buffer, at: offset)
        } else {
            copy(x, from: 0, count: features, to: &buffer, at: offset)
        }
        for index in 0..<moved {
            let feature = Int(orders[pair * features + index])
            buffer[offset + feature] = isJoining ? x[feature] : numbers[first + feature]
        }
    }

    /// "pair 4, coalition {0, 3} over background row 2".
    public func name(ofRow row: Int) -> String {
        let (pair, moved, isJoining) = place(of: row)
        guard pair < method.pairs else { return "all features" }
        let order = orders[pair * features..<(pair + 1) * features]
        let members = (isJoining ? order.prefix(moved) : order.dropFirst(moved)).sorted()
        let list = members.map(String.init).joined(separator: ", ")
        return "pair \(pair), coalition {\(list)} over background row \(backgroundRows[pair])"
    }

    /// The values, from the scores of all rows in their order.
    ///
    /// `base` is the mean over the rows that were drawn. Refuses scores that are not finite. O(K d).
    @specialized(where Score == Float)
    @specialized(where Score == Double)
    public func values<Score: BinaryFloatingPoint>(
        scores: Span<Score>
    ) throws(ExplanationError) -> ShapleyValues {
        try check(scores, width: 1, event: event)
        let score = Double(scores[method.pairs * rowsPerPair])
        var means = [RunningMean](repeating: RunningMean(), count: features)
        var base = RunningMean()
        var joined = [Double](repeating: 0, count: features)
        for pair in 0..<method.pairs {
            let first = pair * rowsPerPair
            let ofBackground = Double(scores[first])
            base.take(ofBackground)
            // Both halves telescope from the background row's score to the event's.
            var before = ofBackground
            for place in 0..<features {
                let isLast = place == features - 1
                let after = isLast ? score : Double(scores[first + place + 1])
                joined[Int(orders[pair * features + place])] = after - before
                before = after
            }
            before = score
            for place in 0..<features {
                let isLast = place == features - 1
                let after = isLast ? ofBackground : Double(scores[first + features + place])
                let feature = Int(orders[pair * features + place])
                means[feature].take((joined[feature] + (before - after)) / 2)
                before = after
            }
        }
        return ShapleyValues(base: base.mean, score: score, means)
    }
}
