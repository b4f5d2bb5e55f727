internal import Catalog
internal import Execution
internal import Messages

/// Explains by what an engine finds in its artefact: Shapley values of trees.
final class StructuralExplainer: EventExplainer, @unchecked Sendable {
    // Safe because only the lane's thread uses it once that runs.
    /// Events between two looks whether to go on: what an explainer takes at once.
    private static let pieceRows = 64

    private let explainer: any StructureExplainer
    private let features: Int
    private let nonfinite: Manifest.Nonfinite

    init(_ explainer: any StructureExplainer, features: Int, nonfinite: Manifest.Nonfinite) {
        self.explainer = explainer
        self.features = features
        self.nonfinite = nonfinite
    }

    /// For the score that the shares add up to.
    let evaluations = 1
    let modelRuns = 1

    var nanosecondsPerEvent: Double { explainer.nanosecondsPerEvent }

    func explain(_ job: ExplanationJob, by rows: ModelRows) throws(Refusal) -> ExplainedShares {
        let events = ExplainedEvents(job, features: features, nonfinite: nonfinite)
        var shares = ExplainedShares(
            rows: events.rows,
            width: features,
            hasErrors: false,
            addsUp: true
        )
        let scores = try rows.answers(toEventsOf: job).numbers
        let known = events.known
        for first in stride(from: 0, to: known.count, by: Self.pieceRows) {
            try rows.pause()
            let piece = known[first..<min(first + Self.pieceRows, known.count)]
            var x: [Float] = []
            for event in piece { x += events.numbers[events.place(of: event)] }
            var found = [Double](repeating: 0, count: piece.count * features)
            var output = found.mutableSpan
            explainer.shares(x.span, rows: piece.count, into: &output)
            for (place, event) in piece.enumerated() {
                shares.set(
                    event,
                    value: Array(found[place * features..<(place + 1) * features]),
                    score: scores[event],
                    base: explainer.base
                )
            }
        }
        return shares
    }
}
