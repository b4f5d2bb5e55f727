import ArgumentParser
import Datasets
import Messages
import VigilClient

/// `vigil score`.
struct ScoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "score",
        abstract: "Scores the events of a .npy or .npz file.",
        discussion: """
            A .npz file holds the model's inputs under their names, or one array for each \
            feature; a .npy file holds the model's only input. The answer is a .npz file with \
            an array for every value, interval end, p-value and flag.
            """
    )

    @Argument(help: "Data file.") var file: String
    @Option(name: .shortAndLong, help: "Model to ask.") var model: String
    @Option(name: .shortAndLong, help: "File to write (.npz); without it a summary is printed.")
    var output: String?
    @Option(help: "Coverage of intervals, between 0 and 1.") var coverage: Double?
    @Option(help: "Probability of class 1 where the events come from.") var prior: Double?
    @Option(help: "trigger, standard or bulk.") var priority = "bulk"
    @Flag(help: "The artefact's own outputs, without calibration.") var raw = false
    @OptionGroup var connection: ConnectionOptions
    @Flag(help: "Print JSON.") var json = false

    private struct Column: Encodable {
        let name: String
        let mean: Double
        let minimum: Double
        let maximum: Double
    }

    private struct Report: Encodable {
        let model: String
        let version: String
        let digest: String
        let engine: String
        let device: String
        let calibration: String?
        let events: Int
        let events_per_second: Double
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
    }

    func run() async throws {
        let data = try Dataset(path: file)
        let name = model
        let wanted = Priority.allCases.first { $0.name == priority.uppercased() } ?? .bulk
        let (coverage, prior, raw) = (coverage, prior, raw)
        let outcome = try await connection.withClient { client in
            guard let description = try await client.models(name).first else {
                throw Complaint("the daemon has no model '\(name)'")
            }
            let source = try EventSource(data, model: description)
            return try await Scoring(client: client, source: source).run(title: "scored") { call in
                call.coverage = coverage
                call.prior = prior
                call.isRaw = raw
                call.priority = wanted
            }
        }
        if let output { try write(outcome, data, to: output) }
        try report(outcome)
    }

    private func write(_ outcome: Scoring.Outcome, _ data: Dataset, to path: String) throws {
        var result = Dataset()
        for column in outcome.columns {
            let shape = column.width == 1 ? [outcome.rows] : [outcome.rows, column.width]
            result[column.name] = NumericArray(shape: shape, floats: column.array)
        }
        if let ids = data["event_id"], ids.rows == outcome.rows { result["event_id"] = ids }
        try result.write(to: path)
    }

    private func report(_ outcome: Scoring.Outcome) throws {
        let columns = outcome.columns.map { column in
            let values = column.array.lazy.filter { $0.isFinite }.map(Double.init)
            let count = Double(max(values.count, 1))
            return Column(
                name: column.name,
                mean: values.reduce(0, +) / count,
                minimum: values.min() ?? .nan,
                maximum: values.max() ?? .nan
            )
        }
        if json {
            return try Output.json(
                Report(
                    model: outcome.origin.model,
                    version: outcome.origin.version,
                    digest: outcome.origin.digest,
                    engine: outcome.origin.engine,
                    device: outcome.origin.device,
                    calibration: outcome.origin.calibration,
                    events: outcome.rows,
                    events_per_second: outcome.eventsPerSecond,
                    columns: columns,
                    output: output
                )
            )
        }
        print(
            "\(outcome.rows) events by \(outcome.origin.model) \(outcome.origin.version), \(outcome.origin.engine), calibration \(outcome.origin.calibration ?? "none"), \(Output.fixed(outcome.eventsPerSecond, 0)) events/s"
        )
        Output.table(
            ["column", "mean", "minimum", "maximum"],
            columns.map {
                [
                    $0.name, Output.fixed($0.mean, 4), Output.fixed($0.minimum, 4),
                    Output.fixed($0.maximum, 4),
                ]
            }
        )
        if let output { print("written to \(output)") }
    }
}
