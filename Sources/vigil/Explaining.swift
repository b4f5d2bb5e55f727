import Datasets
import Messages
import Tensors
import VigilClient

/// Has the daemon explain events of a file, one request after the other.
struct Explaining {
    let client: Client
    let model: ModelDescription
    let data: Dataset
    let seed: UInt64

    /// Explains rows of the file, in the order given.
    func run(_ rows: [Int], of source: EventSource) async throws -> ExplainedEvents {
        // Drawn by event, and quoted beside what is said of it.
        let ids = try EventSource.eventIds(data, rows: source.rows)
        let hasIds = data.holds("event_id")
        var progress = Progress("explained", total: rows.count)
        var explained: ExplainedEvents?
        for range in Self.ranges(rows, most: eventsPerRequest) {
            var call = source.call(range)
            call.priority = .bulk
            call.wantsAttributions = true
            call.eventIds = ids.rows(range)
            call.seed = seed == 0 ? nil : seed
            let answer = try await Scoring.score(call, by: client, firstRow: range.lowerBound)
            guard let made = answer.attributions else {
                throw Complaint("the daemon's answer for \(model.name) explains nothing")
            }
            let events = try events(
                made,
                range,
                input: numbers(call.inputs),
                ids: hasIds ? Self.numbers(ids.rows(range)) : nil
            )
            let part = ExplainedEvents(
                origin: answer.origin,
                made: made,
                inputs: model.inputs,
                events: events
            )
            if let known = explained, !known.isOfOne(with: part) {
                throw Complaint(
                    "the daemon loaded another version of \(model.name) meanwhile: run the command again"
                )
            }
            explained = explained?.joined(with: part) ?? part
            progress.advance(range.count)
        }
        guard let explained else { preconditionFailure("there are rows") }
        return explained
    }

    /// Time of a request by the daemon's own estimate, so that many events are seen to progress and
    /// leave others their turn.
    private static let requestNanoseconds = 1_000_000_000

    /// Events of a request: no more than the daemon allows, but one at least.
    private var eventsPerRequest: Int {
        guard let limits = model.explanation, limits.nanoseconds > 0 else {
            return Scoring.rowsPerRequest
        }
        let time = min(Self.requestNanoseconds, limits.limitNanoseconds)
        return max(1, min(Scoring.rowsPerRequest, time / limits.nanoseconds))
    }

    /// Rows that follow one another, together, but at most so many.
    private static func ranges(_ rows: [Int], most: Int) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        for row in rows {
            if let last = ranges.last, last.upperBound == row, last.count < most {
                ranges[ranges.count - 1] = last.lowerBound..<row + 1
            } else {
                ranges.append(row..<row + 1)
            }
        }
        return ranges
    }

    private func events(
        _ made: Attributions,
        _ range: Range<Int>,
        input: [Double]?,
        ids: [UInt64]?
    ) throws -> [ExplainedEvents.Event] {
        guard made.score.count == range.count else {
            throw Complaint(
                "the daemon explained \(made.score.count) events of \(model.name), \(range.count) were sent"
            )
        }
        let width = made.features.count
        return range.enumerated().map { index, row in
            let features = index * width..<(index + 1) * width
            return ExplainedEvents.Event(
                row: row,
                id: ids?[index],
                score: made.score[index],
                base: made.base?[index],
                residual: made.residual?[index],
                shares: Array(made.value[features]),
                errors: made.error.map { Array($0[features]) },
                input: input.map { numbers in
                    let width = numbers.count / range.count
                    return Array(numbers[index * width..<(index + 1) * width])
                }
            )
        }
    }

    /// Numbers of the one input, where its shape is fixed.
    private func numbers(_ inputs: [TensorValue]) -> [Double]? {
        guard inputs.count == 1, model.inputs[0].raggedMaximum == 0 else { return nil }
        let input = inputs[0]
        return NumericArray(type: input.type, shape: input.shape, bytes: input.bytes).doubles
    }

    private static func numbers(_ ids: TensorValue) -> [UInt64] {
        unsafe ids.bytes.withUnsafeBytes { bytes in
            (0..<bytes.count / 8).map {
                unsafe bytes.loadUnaligned(fromByteOffset: 8 * $0, as: UInt64.self)
            }
        }
    }
}
