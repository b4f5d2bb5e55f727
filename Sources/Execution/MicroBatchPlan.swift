/// Which micro-batch shapes a model runs at, and how any number of rows is cut into them.
///
/// Made once, when the model is loaded, from measured costs; a look-up afterwards.
public struct MicroBatchPlan: Sendable, Equatable {
    /// One usable shape and the measured time of one run of it.
    public struct Step: Sendable, Equatable {
        /// Rows of the shape.
        public let rows: Int
        /// Time of one run when nothing disturbs it.
        public let nanoseconds: Int
        /// The most that a run took of its thread's time.
        public let worstNanoseconds: Int

        /// A measured shape.
        public init(rows: Int, nanoseconds: Int, worstNanoseconds: Int? = nil) {
            self.rows = rows
            self.nanoseconds = nanoseconds
            self.worstNanoseconds = worstNanoseconds ?? nanoseconds
        }
    }

    /// Usable shapes, rising.
    public let steps: [Step]
    /// Rows of the shape that costs least an event: micro-batches aim at it.
    public let bestRows: Int
    /// For 1...bestRows waiting rows: the shape to run now.
    private let shapeForRows: [Int]
    /// For 1...bestRows waiting rows: the least time that runs them all.
    private let nanosecondsForRows: [Int]

    /// A plan over at least one shape, given in rising order.
    public init(steps: [Step]) {
        precondition(!steps.isEmpty)
        self.steps = steps
        var best = steps[0]
        // A larger shape must gain 2 % an event: below that it only adds latency.
        for step in steps
        where Double(step.nanoseconds) / Double(step.rows) * 1.02
            < Double(best.nanoseconds) / Double(best.rows)
        {
            best = step
        }
        bestRows = best.rows
        var shapes = [0]
        var costs = [0]
        for rows in 1...best.rows {
            var choice = (shape: 0, cost: Int.max)
            for step in steps where step.rows <= best.rows {
                let rest = step.rows >= rows ? 0 : costs[rows - step.rows]
                let cost = step.nanoseconds + rest
                if cost < choice.cost { choice = (step.rows, cost) }
            }
            if choice.shape == 0 { choice = (best.rows, best.nanoseconds) }
            shapes.append(choice.shape)
            costs.append(choice.cost)
        }
        shapeForRows = shapes
        nanosecondsForRows = costs
    }

    /// The shape to run now when `rows` rows wait; may be larger (then it is padded).
    @inline(__always)
    public func shape(for rows: Int) -> Int {
        rows >= bestRows ? bestRows : shapeForRows[rows]
    }

    /// Estimated time of running `rows` rows on one lane.
    public func nanoseconds(for rows: Int) -> Int {
        rows / bestRows * nanosecondsForRows[bestRows] + nanosecondsForRows[rows % bestRows]
    }

    /// The most that running up to `bestRows` rows was seen to cost.
    public func worstNanoseconds(for rows: Int) -> Int {
        var left = rows
        var worst = 0
        while left > 0 {
            let shape = shape(for: left)
            worst += steps.first { $0.rows == shape }?.worstNanoseconds ?? 0
            left -= shape
        }
        return worst
    }

    /// Rows that micro-batches are worth waiting for when `rate` events a nanosecond come.
    ///
    /// The fewest that take no more than `share` of a lane's time, and no more than those beyond
    /// which twice as many save less than a quarter an event: where costs are what they are, a wait
    /// only adds to them.
    public func rowsWorthWaiting(rate: Double, share: Double) -> Int {
        // Fewer than the smallest shape has run padded, at its cost.
        if let first = steps.first {
            let fewest = (rate * Double(first.nanoseconds) / share).rounded(.up)
            if fewest <= Double(first.rows) { return max(1, Int(fewest)) }
        }
        for (step, next) in zip(steps, steps.dropFirst()) where step.rows < bestRows {
            let cost = Double(step.nanoseconds) / Double(step.rows)
            let nextCost = Double(next.nanoseconds) / Double(next.rows)
            if rate * cost <= share || nextCost > Self.leastSaving * cost { return step.rows }
        }
        return bestRows
    }

    /// What a larger shape's event must cost of a smaller one's.
    private static let leastSaving = 0.75

    /// Measured time of one run of a shape of the plan.
    public func nanoseconds(ofShape rows: Int) -> Int {
        steps.first { $0.rows == rows }?.nanoseconds ?? 0
    }
}
