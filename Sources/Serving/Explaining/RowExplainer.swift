internal import Catalog
internal import Explanations
internal import Messages

/// Explains by the model's answers to rows that are made of an event.
struct RowExplainer: EventExplainer {
    /// What the rows are.
    enum Method: Sendable {
        case exact(ExactShapley)
        case permutation(PermutationShapley)
        case occlusion(Occlusion)
    }

    private let method: Method
    private let nonfinite: Manifest.Nonfinite
    private let width: Int

    /// What a row takes beside the model, and a number of it, about: to be written, queued, read and
    /// added up.
    private static let nanosecondsPerRow = 40.0
    private static let nanosecondsPerNumber = 4.0

    init(_ method: Method, nonfinite: Manifest.Nonfinite) {
        self.method = method
        self.nonfinite = nonfinite
        width =
            switch method {
            case .exact(let shapley): shapley.features
            case .permutation(let shapley): shapley.background.features
            case .occlusion(let occlusion): occlusion.groups.groups.count
            }
    }

    var evaluations: Int {
        switch method {
        case .exact(let shapley): shapley.evaluations
        case .permutation(let shapley): shapley.evaluations
        case .occlusion(let occlusion): occlusion.evaluations
        }
    }

    private var features: Int {
        switch method {
        case .exact(let shapley): shapley.features
        case .permutation(let shapley): shapley.background.features
        case .occlusion(let occlusion): occlusion.features
        }
    }

    var modelRuns: Int { evaluations }

    var nanosecondsPerEvent: Double {
        Double(evaluations)
            * (Self.nanosecondsPerRow + Double(features) * Self.nanosecondsPerNumber)
    }

    func explain(_ job: ExplanationJob, by rows: ModelRows) throws(Refusal) -> ExplainedShares {
        let events = ExplainedEvents(job, features: features, nonfinite: nonfinite)
        switch method {
        case .exact(let shapley):
            return try explain(events, by: rows) { _ in
                shapley
            } values: { scores, shapley, event throws(ExplanationError) in
                Values(try shapley.values(scores: scores, event: UInt64(event)))
            }
        case .permutation(let shapley):
            return try explain(events, by: rows) { event in
                shapley.plan(seed: events.seed, event: events.ids[event])
            } values: { scores, plan, _ throws(ExplanationError) in
                Values(try plan.values(scores: scores))
            }
        case .occlusion(let occlusion):
            return try explain(events, by: rows) { _ in
                occlusion
            } values: { scores, occlusion, event throws(ExplanationError) in
                Values(
                    value: try occlusion.attributions(scores: scores, event: UInt64(event)),
                    score: scores[0]
                )
            }
        }
    }

    /// What is found of one event.
    private struct Values {
        var value: [Double]
        var error: [Double]?
        var score: Double
        var base: Double?

        init(value: [Double], score: Double) {
            self.value = value
            self.score = score
        }

        init(_ shapley: ShapleyValues) {
            value = shapley.values
            error = shapley.standardErrors
            score = shapley.score
            base = shapley.base
        }
    }

    /// Runs the plans of as many events at once as fill a piece.
    private func explain<Plan: EvaluationPlan>(
        _ events: ExplainedEvents,
        by rows: ModelRows,
        plan: (Int) -> Plan,
        values: (Span<Double>, Plan, Int) throws(ExplanationError) -> Values
    ) throws(Refusal) -> ExplainedShares {
        let isOcclusion = if case .occlusion = method { true } else { false }
        var shares = ExplainedShares(
            rows: events.rows,
            width: width,
            hasErrors: !isOcclusion,
            addsUp: !isOcclusion
        )
        let known = events.known
        let count = evaluations
        let together = max(1, rows.pieceRows / count)
        for first in stride(from: 0, to: known.count, by: together) {
            let chunk = known[first..<min(first + together, known.count)]
            let plans = chunk.map(plan)
            var scores: [Double] = []
            scores.reserveCapacity(plans.count * count)
            try rows.answers(to: plans.count * count, into: &scores) { row, buffer, offset in
                let (place, part) = row.quotientAndRemainder(dividingBy: count)
                let x = events.numbers.span.extracting(events.place(of: chunk[first + place]))
                plans[place].write(row: part, of: x, to: &buffer, at: offset)
            }
            for (place, event) in chunk.enumerated() {
                let found: Values
                do throws(ExplanationError) {
                    found = try values(
                        scores.span.extracting(place * count..<(place + 1) * count),
                        plans[place],
                        event
                    )
                } catch {
                    throw Refusal(error, row: event)
                }
                shares.set(
                    event,
                    value: found.value,
                    error: found.error,
                    score: found.score,
                    base: found.base
                )
            }
        }
        return shares
    }
}
