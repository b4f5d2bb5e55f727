/// Micro-batch shapes as they were measured: those that may be used, and those that may not.
public struct Ladder: Sendable, Equatable {
    /// Shapes that may be used, rising.
    public let steps: [MicroBatchPlan.Step]
    /// Shapes that gave other bits and are not used, rising.
    public let refused: [Int]

    /// At least one shape must be usable.
    public init(steps: [MicroBatchPlan.Step], refused: [Int]) {
        precondition(!steps.isEmpty, "a ladder without steps")
        self.steps = steps
        self.refused = refused
    }

    /// Whether it is about exactly these shapes.
    public func covers(_ shapes: [Int]) -> Bool {
        (steps.map(\.rows) + refused).sorted() == shapes
    }
}

extension Ladder {
    /// Longest time of a run that is believed, nanoseconds: a day.
    private static let longest = 86_400_000_000_000

    /// A line a shape, as "rows 16 nanoseconds 5100 worst 6300" or "refused 1".
    public var text: String {
        let used = steps.map { step in
            "rows \(step.rows) nanoseconds \(step.nanoseconds) worst \(step.worstNanoseconds)\n"
        }
        return (used + refused.map { "refused \($0)\n" }).joined()
    }

    /// Reads what `text` wrote; nil for anything else.
    public init?(text: some StringProtocol) {
        var steps: [MicroBatchPlan.Step] = []
        var refused: [Int] = []
        for line in text.split(separator: "\n", omittingEmptySubsequences: true) {
            let words = line.split(separator: " ", omittingEmptySubsequences: false)
            if words.count == 2, words[0] == "refused", let rows = Int(words[1]),
                rows > refused.last ?? 0
            {
                refused.append(rows)
            } else if words.count == 6,
                words[0] == "rows", words[2] == "nanoseconds", words[4] == "worst",
                let rows = Int(words[1]), rows > steps.last?.rows ?? 0,
                let least = Int(words[3]), let worst = Int(words[5]),
                1 <= least, least <= worst, worst <= Self.longest
            {
                steps.append(.init(rows: rows, nanoseconds: least, worstNanoseconds: worst))
            } else {
                return nil
            }
        }
        guard !steps.isEmpty else { return nil }
        self.init(steps: steps, refused: refused)
    }
}
