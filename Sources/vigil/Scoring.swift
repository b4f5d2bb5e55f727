import Lanes
import Messages
import Tensors
import VigilClient

/// Scores every event of a source through the daemon, some requests at a time.
struct Scoring {
    /// Events of a request, and requests in flight.
    static let rowsPerRequest = 1024
    static let inFlight = 4

    /// Answers put together again, and what they took.
    struct Outcome {
        /// Columns by name: outputs ("x", "x_lower", ...), p-values ("p_er"), flags.
        var columns: [(name: String, array: [Float], width: Int)] = []
        var origin = ScoreAnswer.Origin()
        var coverage: Double?
        var rows = 0
        var nanoseconds: UInt64 = 0
        /// Latency of each request.
        var latencies: [UInt64] = []

        subscript(name: String) -> [Float] {
            columns.first { $0.name == name }?.array ?? []
        }

        /// Latency below which a share of the requests stayed, microseconds.
        func latencyMicroseconds(_ share: Double) -> Double {
            let sorted = latencies.sorted()
            guard !sorted.isEmpty else { return .nan }
            return Double(sorted[min(sorted.count - 1, Int(share * Double(sorted.count)))]) / 1000
        }

        var eventsPerSecond: Double { Double(rows) / (Double(nanoseconds) * 1e-9) }
    }

    let client: Client
    let source: EventSource

    /// Scores all rows; `adjust` sets coverage, prior and so on.
    func run(
        title: String,
        showsProgress: Bool = true,
        adjust: @Sendable (inout ScoreCall) -> Void
    ) async throws -> Outcome {
        var progress = Progress(title, total: source.rows)
        let starts = Array(stride(from: 0, to: source.rows, by: Self.rowsPerRequest))
        var answers: [Int: ScoreAnswer] = [:]
        var outcome = Outcome()
        outcome.rows = source.rows
        let begin = MonotonicClock.now()
        try await withThrowingTaskGroup(of: (Int, ScoreAnswer, UInt64).self) { group in
            var next = 0
            func add() {
                guard next < starts.count else { return }
                let index = next
                next += 1
                let end = min(starts[index] + Self.rowsPerRequest, source.rows)
                var call = source.call(starts[index]..<end)
                adjust(&call)
                let client = client
                let request = call
                group.addTask {
                    let sent = MonotonicClock.now()
                    let answer = try await client.score(request)
                    return (index, answer, MonotonicClock.now() - sent)
                }
            }
            for _ in 0..<Self.inFlight { add() }
            while let (index, answer, latency) = try await group.next() {
                answers[index] = answer
                outcome.latencies.append(latency)
                if showsProgress {
                    progress.advance(min(Self.rowsPerRequest, source.rows - starts[index]))
                }
                add()
            }
        }
        outcome.nanoseconds = MonotonicClock.now() - begin
        Self.merge(starts.indices.compactMap { answers[$0] }, into: &outcome)
        return outcome
    }

    private static func merge(_ answers: [ScoreAnswer], into outcome: inout Outcome) {
        guard let first = answers.first else { return }
        outcome.origin = first.origin
        outcome.coverage = first.outputs.compactMap(\.coverage).first
        func add(_ name: String, _ pick: (ScoreAnswer) -> TensorValue?) {
            guard let sample = pick(first) else { return }
            let width = sample.shape.dropFirst().reduce(1, *)
            var values: [Float] = []
            for answer in answers { values += pick(answer).map(numbers) ?? [] }
            outcome.columns.append((name, values, width))
        }
        for index in first.outputs.indices {
            let name = first.outputs[index].name
            add(name) { $0.outputs[index].value }
            add("\(name)_lower") { $0.outputs[index].lower }
            add("\(name)_upper") { $0.outputs[index].upper }
            if answers.contains(where: { $0.outputs[index].flags != nil }) {
                add("\(name)_flags") { answer in
                    answer.outputs[index].flags
                        ?? TensorValue(
                            name: "",
                            type: .uint8,
                            shape: [answer.outputs[index].value.rows],
                            bytes: Array(repeating: 0, count: answer.outputs[index].value.rows)
                        )
                }
            }
        }
        for index in first.pValues.indices {
            add("p_\(first.pValues[index].name)") { $0.pValues[index].value }
        }
        add("log_likelihood_ratio") { $0.logLikelihoodRatio }
    }

    private static func numbers(_ tensor: TensorValue) -> [Float] {
        tensor.type == .uint8 ? tensor.bytes.map(Float.init) : tensor.floats
    }
}
