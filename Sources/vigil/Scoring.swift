import Datasets
import Lanes
import Messages
import Tensors
import VigilClient

/// Scores every event of a source through the daemon, some requests at a time.
struct Scoring {
    /// Events of a request, and requests in flight.
    static let rowsPerRequest = 1024
    static let inFlight = 4

    /// Values by one name: an output ("x"), an end ("x_lower"), a p-value ("p_er"), flags.
    struct Column {
        /// What the values are, as far as their presentation differs.
        enum Kind {
            case value
            case pValue
            case flags
        }

        let name: String
        let kind: Kind
        /// "1" for none.
        let unit: String
        let array: [Float]
        /// Values of one event.
        let width: Int
    }

    /// Answers put together again, and what they took.
    struct Outcome {
        var columns: [Column] = []
        var origin = ScoreAnswer.Origin()
        var coverage: Double?
        var rows = 0
        var nanoseconds: UInt64 = 0
        /// Latency of each request.
        var latencies: [UInt64] = []

        subscript(name: String) -> [Float] {
            columns.first { $0.name == name }?.array ?? []
        }

        /// A column with one number an event.
        func column(_ name: String) throws -> [Double] {
            let values = self[name]
            guard values.count == rows else {
                throw Complaint(
                    "the daemon's answer for \(origin.model) holds no column '\(name)' of \(rows) numbers"
                )
            }
            return values.map(Double.init)
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
                let (client, request, first) = (client, call, starts[index])
                group.addTask {
                    let sent = MonotonicClock.now()
                    let answer = try await Self.score(request, by: client, firstRow: first)
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
        let parts = starts.indices.compactMap { answers[$0] }
        try Self.requireOneOrigin(parts)
        Self.merge(parts, into: &outcome)
        return outcome
    }

    /// One request; a refused row is named by its place in the file.
    static func score(
        _ call: ScoreCall,
        by client: Client,
        firstRow: Int
    ) async throws(ClientError) -> ScoreAnswer {
        do {
            return try await client.score(call)
        } catch .refusal(let refusal) {
            throw .refusal(
                Refusal(
                    refusal.code,
                    refusal.message,
                    field: refusal.field,
                    row: refusal.row.map { $0 + firstRow },
                    retryAfterMicroseconds: refusal.retryAfterMicroseconds,
                    near: refusal.near
                )
            )
        }
    }

    /// A model that was loaded anew in between would mix two sets of scores.
    private static func requireOneOrigin(_ answers: [ScoreAnswer]) throws {
        guard let first = answers.first else { return }
        for answer in answers
        where answer.origin.version != first.origin.version
            || answer.origin.digest != first.origin.digest
            || answer.origin.calibration != first.origin.calibration
            || answer.outputs.map(\.name) != first.outputs.map(\.name)
            || answer.pValues.map(\.name) != first.pValues.map(\.name)
        {
            throw Complaint(
                "the daemon loaded another version or calibration of \(first.origin.model) meanwhile: run the command again"
            )
        }
    }

    /// Every device that answered some events, first come first.
    private static func devices(_ answers: [ScoreAnswer]) -> [String] {
        var devices: [String] = []
        for answer in answers {
            for device in answer.origin.device.split(separator: ", ").map(String.init)
            where !devices.contains(device) { devices.append(device) }
        }
        return devices
    }

    private static func merge(_ answers: [ScoreAnswer], into outcome: inout Outcome) {
        guard let first = answers.first else { return }
        outcome.origin = first.origin
        outcome.origin.device = Self.devices(answers).joined(separator: ", ")
        outcome.coverage = first.outputs.compactMap(\.coverage).first
        var columns: [Column] = []
        func add(
            _ name: String,
            _ kind: Column.Kind = .value,
            unit: String = "1",
            _ pick: (ScoreAnswer) -> TensorValue?
        ) {
            guard let sample = answers.lazy.compactMap(pick).first else { return }
            let width = sample.shape.dropFirst().reduce(1, *)
            var values: [Float] = []
            for answer in answers { values += pick(answer).map(numbers) ?? [] }
            columns.append(
                Column(name: name, kind: kind, unit: unit, array: values, width: width)
            )
        }
        /// Absent flags are 0; a column of nothing else is left out.
        func addFlags(
            _ name: String,
            _ flags: (ScoreAnswer) -> TensorValue?,
            beside value: (ScoreAnswer) -> TensorValue
        ) {
            guard answers.contains(where: { flags($0) != nil }) else { return }
            add("\(name)_flags", .flags) { answer in
                let rows = value(answer).rows
                return flags(answer)
                    ?? TensorValue(
                        name: "",
                        type: .uint8,
                        shape: [rows],
                        bytes: Array(repeating: 0, count: rows)
                    )
            }
        }
        for (index, output) in first.outputs.enumerated() {
            add(output.name, unit: output.unit) { $0.outputs[index].value }
            add("\(output.name)_lower", unit: output.unit) { $0.outputs[index].lower }
            add("\(output.name)_upper", unit: output.unit) { $0.outputs[index].upper }
            add("\(output.name)_set", .flags) { $0.outputs[index].set }
            add("\(output.name)_aleatoric", unit: output.doubtUnit) { $0.outputs[index].aleatoric }
            add("\(output.name)_epistemic", unit: output.doubtUnit) { $0.outputs[index].epistemic }
            addFlags(output.name, { $0.outputs[index].flags }, beside: { $0.outputs[index].value })
        }
        for (index, region) in first.regions.enumerated() {
            let name = Self.name(of: region.outputs)
            for (part, unit) in [("major", region.unit), ("minor", region.unit), ("angle", "rad")] {
                add("\(name)_\(part)", unit: unit) { $0.regions[index].part(part) }
            }
            addFlags(name, { $0.regions[index].flags }, beside: { $0.regions[index].ellipses })
        }
        for (index, entry) in first.pValues.enumerated() {
            add("p_\(entry.name)", .pValue) { $0.pValues[index].value }
        }
        add("log_likelihood_ratio") { $0.logLikelihoodRatio }
        outcome.columns = columns
    }

    /// What the columns of two outputs together begin with.
    static func name(of outputs: [String]) -> String { outputs.joined(separator: "_") }

    private static func numbers(_ tensor: TensorValue) -> [Float] {
        guard tensor.type != .float32,
            tensor.bytes.count == tensor.shape.reduce(tensor.type.byteCount, *)
        else { return tensor.floats }
        return NumericArray(type: tensor.type, shape: tensor.shape, bytes: tensor.bytes).floats
    }
}

extension ScoreAnswer.Output {
    /// Unit of an ensemble's doubt.
    fileprivate var doubtUnit: String { self.set == nil ? unit : "nat" }
}

extension ScoreAnswer.Region {
    /// One part of every ellipse, of shape [events, coverages].
    fileprivate func part(_ name: String) -> TensorValue? {
        guard let part = ["major", "minor", "angle"].firstIndex(of: name),
            ellipses.shape == [ellipses.rows, coverages.count, 3], ellipses.type == .float32
        else { return nil }
        let numbers = ellipses.floats
        return TensorValue(
            name: "",
            shape: [ellipses.rows, coverages.count],
            floats: stride(from: part, to: numbers.count, by: 3).map { numbers[$0] }
        )
    }
}
