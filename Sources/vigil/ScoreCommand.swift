import ArgumentParser
import Datasets
import Messages
import Tensors
import VigilClient

/// `vigil score`.
struct ScoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "score",
        abstract: "Scores the events of a .npy or .npz file.",
        discussion: """
            A .npz file holds the model's inputs under their names, or one array for each \
            feature; a .npy file holds the model's only input. The answer is a .npz file with \
            an array for every value, interval end, set, p-value and flag. Answers that are \
            drawn at random are a function of --seed and the file's column event_id, or the \
            number of the event's row.
            """
    )

    @Argument(help: "Data file.") var file: String
    @Option(name: .shortAndLong, help: "Model to ask.") var model: String
    @Option(name: .shortAndLong, help: "File to write (.npz); without it a summary is printed.")
    var output: String?
    @Option(help: "Coverage of intervals, between 0 and 1.") var coverage: Double?
    @Option(help: "Probability of class 1 where the events come from.") var prior: Double?
    @Option(
        help: "Model whose likelihood ratio weighs events, where the model's weight is a column."
    )
    var classifier: String?
    @Option(help: "Seed of answers that are drawn at random.") var seed: UInt64 = 0
    @Option(help: "trigger, standard or bulk.") var priority = "bulk"
    @Option(help: "Version of the model; without it the one that is served.")
    var modelVersion: String?
    @Option(help: "Seconds that the daemon has for a request; what is late is refused.")
    var deadline: Double?
    @Flag(help: "The artefact's own outputs, without calibration.") var raw = false
    @OptionGroup var connection: ConnectionOptions
    @Flag(help: "Print JSON.") var json = false

    private struct Column: Encodable {
        let name: String
        let unit: String
        @JSONNumber var mean: Double
        @JSONNumber var minimum: Double
        @JSONNumber var maximum: Double
        /// Values that are infinite or NaN; the others make the mean and the ends.
        let not_finite: Int
    }

    private struct Report: Encodable {
        let model: String
        let version: String
        let digest: String
        let engine: String
        let device: String
        let calibration: String?
        let coverage: Double?
        let prior: Double?
        let events: Int
        @JSONNumber var events_per_second: Double
        let columns: [Column]
        let output: String?
    }

    func validate() throws {
        guard Priority.allCases.contains(where: { $0.name == priority.uppercased() }) else {
            throw ValidationError("--priority \(priority): allowed are trigger, standard, bulk")
        }
        if let output, !output.hasSuffix(".npz") {
            throw ValidationError("--output \(output): the file must end in .npz")
        }
        if let deadline, !(deadline > 0 && deadline <= 86_400) {
            throw ValidationError(
                "--deadline \(deadline): allowed are more than 0 and at most 86400 seconds"
            )
        }
    }

    func run() async throws {
        if let output { try Dataset.checkTarget(output) }
        let data = try Dataset(path: file)
        let (name, version, classifier) = (model, modelVersion, classifier)
        let wanted = Priority.allCases.first { $0.name == priority.uppercased() } ?? .bulk
        let (coverage, prior, raw, seed) = (coverage, prior, raw, seed)
        let microseconds = deadline.map { UInt64(($0 * 1e6).rounded(.up)) }
        let outcome = try await connection.withClient { client in
            let versions = try await client.models(name)
            guard
                let description = versions.first(where: { $0.version == version }) ?? versions.first
            else { throw Complaint("the daemon has no model '\(name)'") }
            let weighed = try await EventWeighing(client: client, model: description)
                .weighed(data, by: classifier)
            let source = try EventSource(weighed, model: description)
            return try await Scoring(client: client, source: source).run(title: "scored") { call in
                call.version = version
                call.coverage = coverage
                call.prior = prior
                call.seed = seed == 0 ? nil : seed
                call.isRaw = raw
                call.priority = wanted
                call.deadlineMicroseconds = microseconds
            }
        }
        if let output { try write(outcome, data, to: output) }
        if json { try Output.json(report(outcome)) } else { show(outcome) }
    }

    private func write(_ outcome: Scoring.Outcome, _ data: Dataset, to path: String) throws {
        var result = Dataset()
        for column in outcome.columns {
            let shape = column.width == 1 ? [outcome.rows] : [outcome.rows, column.width]
            result[column.name] =
                column.kind == .flags
                ? NumericArray(type: .uint8, shape: shape, bytes: column.array.map(UInt8.init))
                : NumericArray(shape: shape, floats: column.array)
        }
        if let ids = data["event_id"], ids.rows == outcome.rows { result["event_id"] = ids }
        try result.write(to: path)
    }

    private func report(_ outcome: Scoring.Outcome) -> Report {
        Report(
            model: outcome.origin.model,
            version: outcome.origin.version,
            digest: outcome.origin.digest,
            engine: outcome.origin.engine,
            device: outcome.origin.device,
            calibration: outcome.origin.calibration,
            coverage: outcome.coverage,
            prior: prior,
            events: outcome.rows,
            events_per_second: outcome.eventsPerSecond,
            columns: outcome.columns.map(Self.summary),
            output: output
        )
    }

    private static func summary(_ column: Scoring.Column) -> Column {
        let values = column.array.lazy.filter { $0.isFinite }.map(Double.init)
        let count = values.count
        return Column(
            name: column.name,
            unit: column.unit,
            mean: count == 0 ? .nan : values.reduce(0, +) / Double(count),
            minimum: values.min() ?? .nan,
            maximum: values.max() ?? .nan,
            not_finite: column.array.count - count
        )
    }

    private func show(_ outcome: Scoring.Outcome) {
        let origin = outcome.origin
        var parts = ["\(outcome.rows) events by \(origin.model) \(origin.version)", origin.engine]
        parts.append(raw ? "raw" : "calibration \(origin.calibration ?? "none")")
        if let coverage = outcome.coverage { parts.append("coverage \(coverage)") }
        if let prior {
            parts.append("prior \(prior)")
        } else if !outcome["log_likelihood_ratio"].isEmpty {
            parts.append("prior of the calibration")
        }
        parts.append("\(Output.fixed(outcome.eventsPerSecond, 0)) events/s")
        print(parts.joined(separator: ", "))
        let summaries = outcome.columns.map(Self.summary)
        let hasGaps = summaries.contains { $0.not_finite > 0 }
        let rows = zip(outcome.columns, summaries).map { column, summary in
            let numbers = [summary.mean, summary.minimum, summary.maximum]
            let texts = numbers.map { number in
                if number.isNaN { return "none" }
                // p-values and probabilities near 0 differ in their exponents.
                return column.unit == "1" && column.kind != .flags
                    ? Output.significant(number, 4) : Output.fixed(number, 4)
            }
            let unit = column.unit == "1" ? "" : column.unit
            return [column.name, unit] + texts + (hasGaps ? ["\(summary.not_finite)"] : [])
        }
        Output.table(
            ["column", "unit", "mean", "minimum", "maximum"] + (hasGaps ? ["not finite"] : []),
            rows
        )
        if let output { print("written to \(output)") }
    }
}
