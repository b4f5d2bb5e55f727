internal import Catalog
internal import Explanations
internal import Messages

/// Explains by gradients of the output, which a graph beside the artefact gives.
struct GradientExplainer: EventExplainer {
    private let method: IntegratedGradients
    private let graph: GradientGraph

    init(_ method: IntegratedGradients, _ graph: GradientGraph) {
        self.method = method
        self.graph = graph
    }

    var evaluations: Int { method.evaluations }

    /// For the score.
    var modelRuns: Int { 1 }

    var nanosecondsPerEvent: Double { Double(evaluations) * graph.nanosecondsPerRow }

    func explain(_ job: ExplanationJob, by rows: ModelRows) throws(Refusal) -> ExplainedShares {
        let features = method.features
        // A row that is not finite has no gradient, whatever the model makes of it.
        let events = ExplainedEvents(job, features: features, nonfinite: .flag)
        var shares = ExplainedShares(
            rows: events.rows,
            width: features,
            hasErrors: false,
            addsUp: true
        )
        let known = events.known
        guard !known.isEmpty else { return shares }
        // Of the baseline, then of the events.
        var scores: [Double] = []
        try rows.answers(to: known.count + 1, into: &scores) { row, buffer, offset in
            for feature in 0..<features {
                buffer[offset + feature] =
                    row == 0
                    ? method.baseline[feature]
                    : events.numbers[known[row - 1] * features + feature]
            }
        }
        let count = method.evaluations
        let together = max(1, graph.pieceRows / count)
        for first in stride(from: 0, to: known.count, by: together) {
            let chunk = known[first..<min(first + together, known.count)]
            let gradients = try graph.gradients(
                chunk.count * count,
                pause: { () throws(Refusal) in try rows.pause() }
            ) { row, buffer, offset in
                let (place, part) = row.quotientAndRemainder(dividingBy: count)
                let x = events.numbers.span.extracting(events.place(of: chunk[first + place]))
                method.write(row: part, of: x, to: &buffer, at: offset)
            }
            for (place, event) in chunk.enumerated() {
                let found: PathAttributions
                do throws(ExplanationError) {
                    let length = count * features
                    found = try method.attributions(
                        gradients: gradients.span.extracting(place * length..<(place + 1) * length),
                        x: events.numbers.span.extracting(events.place(of: event)),
                        score: scores[first + place + 1],
                        baselineScore: scores[0],
                        event: UInt64(event)
                    )
                } catch {
                    throw Refusal(error, row: event)
                }
                shares.set(event, value: found.values, score: found.score, base: found.base)
            }
        }
        return shares
    }
}
