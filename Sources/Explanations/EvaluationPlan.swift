/// The rows of a model's input that explain one event: how many there are, and what is in each.
///
/// An explanation is made in three steps, so that whoever owns the model decides when and in which
/// batches it runs: read the cost, `evaluations`; write the rows, in pieces of any size; give what
/// the model made of them back to the method, in the order of the rows.
public protocol EvaluationPlan: Sendable {
    /// Numbers in a row: the features of the model, in C order.
    var features: Int { get }

    /// Rows for one event: the cost, known before anything runs.
    var evaluations: Int { get }

    /// Writes one row for the event `x` to `buffer`, from `offset` on; `features` numbers.
    ///
    /// Allocates nothing. O(features).
    func write(row: Int, of x: Span<Float>, to buffer: inout MutableSpan<Float>, at offset: Int)

    /// What a row is, for a message: "coalition {0, 3} over background row 2".
    func name(ofRow row: Int) -> String
}

extension EvaluationPlan {
    /// Writes a piece of the rows for the event `x`, one after the other, to the start of `buffer`.
    public func write(
        rows: Range<Int>,
        of x: Span<Float>,
        to buffer: inout MutableSpan<Float>
    ) {
        precondition(rows.lowerBound >= 0 && rows.upperBound <= evaluations, "rows of the plan")
        precondition(x.count == features, "one event")
        precondition(buffer.count >= rows.count * features, "room for the rows")
        for (place, row) in rows.enumerated() {
            write(row: row, of: x, to: &buffer, at: place * features)
        }
    }

    /// Refuses what is not finite among the answers to the rows, `width` numbers each, by its row.
    func check<Answer: BinaryFloatingPoint>(
        _ answers: Span<Answer>,
        width: Int,
        event: UInt64
    ) throws(ExplanationError) {
        precondition(answers.count == evaluations * width, "answers to all rows")
        for index in answers.indices where !answers[index].isFinite {
            throw ExplanationError(
                "event \(event), \(name(ofRow: index / width))",
                found: "\(answers[index])",
                allowed: "finite numbers"
            )
        }
    }
}

/// A row's numbers, copied.
func copy(
    _ source: Span<Float>,
    from first: Int,
    count: Int,
    to buffer: inout MutableSpan<Float>,
    at offset: Int
) {
    for index in 0..<count { buffer[offset + index] = source[first + index] }
}
