internal import Explanations
internal import Messages

/// Explains an anomaly score that is the mean squared pull by its terms.
struct PullsExplainer: EventExplainer {
    /// Sensors.
    let width: Int
    let evaluations = 1
    let modelRuns = 1

    /// A square and a division a sensor.
    var nanosecondsPerEvent: Double { 5 * Double(width) }

    func explain(_ job: ExplanationJob, by rows: ModelRows) throws(Refusal) -> ExplainedShares {
        var shares = ExplainedShares(rows: job.rows, width: width, hasErrors: false, addsUp: true)
        let answers = try rows.answers(toEventsOf: job)
        for event in 0..<job.rows where !answers.isFlagged[event] {
            let own = answers.numbers.span.extracting(event * width..<(event + 1) * width)
            var squares = 0.0
            for sensor in own.indices { squares += own[sensor] * own[sensor] }
            do throws(ExplanationError) {
                shares.set(
                    event,
                    value: try AutoencoderPulls.attributions(pulls: own, event: UInt64(event)),
                    score: squares / Double(width),
                    base: 0
                )
            } catch {
                throw Refusal(error, row: event)
            }
        }
        return shares
    }
}
