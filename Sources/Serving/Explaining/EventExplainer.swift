internal import Explanations
internal import Messages

/// One way to explain the events of a request.
///
/// Used by the lane's thread alone.
protocol EventExplainer: Sendable {
    /// Times that the model, or the gradient graph, runs for one event.
    var evaluations: Int { get }

    /// Rows that the model runs for one event; a gradient graph's are not among them.
    var modelRuns: Int { get }

    /// What the explanation of one event takes beside the model's own runs, estimated.
    var nanosecondsPerEvent: Double { get }

    /// Explains the events of `job`; `rows` runs the model, and is asked between two pieces of work
    /// whether to go on.
    func explain(_ job: ExplanationJob, by rows: ModelRows) throws(Refusal) -> ExplainedShares
}

extension Refusal {
    /// Of an explanation that met a number that it can make nothing of: the model's doing, for the
    /// event itself was finite.
    init(_ error: ExplanationError, row: Int) {
        self.init(.internal, "the model gives no number to explain: \(error)", row: row)
    }
}
