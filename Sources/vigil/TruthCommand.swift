import ArgumentParser
import Datasets
import Messages
import Tensors
import VigilClient

/// `vigil truth`.
struct TruthCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "truth",
        abstract: "Sends true values of events to a model that takes truths.",
        discussion: """
            The daemon compares them with its answers: it counts coverage, bin by bin, and, \
            where the manifest says so, makes its calibration follow. The file holds the truth \
            columns and the events, which the daemon scores for it; with --ids it holds the \
            column event_id of events that were scored with ids a short time ago.
            """
    )

    /// Events of one message.
    private static let rowsPerMessage = 1024

    @Argument(help: "Model that answered.") var model: String
    @Option(help: "True values and their events (.npz).") var data: String
    @Option(help: "Stream that the events belong to.") var stream = ""
    @Flag(help: "The events were scored: their ids name them.") var ids = false
    @Option(help: "Seed of answers that are drawn at random, without --ids.") var seed: UInt64 = 0
    @OptionGroup var connection: ConnectionOptions
    @Flag(help: "Print JSON.") var json = false

    private struct Report: Encodable {
        let model: String
        let taken: Int
        let calibration: String
    }

    func run() async throws {
        let file = try Dataset(path: data)
        let (name, stream, ids, seed) = (model, stream, ids, seed)
        let (taken, calibration) = try await connection.withClient { client in
            guard let description = try await client.models(name).first else {
                throw Complaint("the daemon has no model '\(name)'")
            }
            let source = try TruthSource(file, model: description, areScored: ids)
            var progress = Progress("truths", total: source.rows)
            var (taken, calibration) = (0, "")
            for start in stride(from: 0, to: source.rows, by: Self.rowsPerMessage) {
                let range = start..<min(start + Self.rowsPerMessage, source.rows)
                var call = source.call(range)
                call.stream = stream
                call.seed = seed == 0 ? nil : seed
                do {
                    let answer = try await client.truth(call)
                    taken += answer.taken
                    calibration = answer.calibration
                } catch ClientError.refusal(let refusal) {
                    let row = refusal.row.map { " of row \($0 + start)" } ?? ""
                    throw Complaint(
                        "\(refusal.field ?? "request")\(row): \(refusal.message); \(taken) truths before it were taken"
                    )
                }
                progress.advance(range.count)
            }
            return (taken, calibration)
        }
        if json {
            return try Output.json(Report(model: name, taken: taken, calibration: calibration))
        }
        print("\(taken) truths taken; calibration \(calibration)")
    }
}

/// Truths of a data file as messages for one model.
private struct TruthSource {
    let rows: Int
    private let model: ModelDescription
    private let truths: [TensorValue]
    private let ids: TensorValue?
    private let events: EventSource?

    init(_ data: Dataset, model: ModelDescription, areScored: Bool) throws {
        self.model = model
        var names: [String] = []
        for entry in model.uncertainty where !names.contains(entry.truth) {
            names.append(entry.truth)
        }
        let present = names.filter { data.holds($0) }
        guard let first = present.first else {
            throw Complaint(
                "\(data.path): there is no truth of \(model.name), which are \(names.joined(separator: ", "))"
            )
        }
        let rows = try data.array(first).rows
        self.rows = rows
        truths = try present.map { name in
            let array = try data.array(name)
            guard array.count == rows, array.rows == rows else {
                throw Complaint(
                    "\(data.path)[\(name)]: found \(array.count) values for \(rows) events"
                )
            }
            return TensorValue(
                name: name,
                type: .float64,
                shape: [rows],
                bytes: NumericArray(doubles: array.doubles).bytes
            )
        }
        ids = areScored ? try EventSource.eventIds(data, rows: rows, isRequired: true) : nil
        events = areScored ? nil : try EventSource(data, model: model)
        guard events.map({ $0.rows == rows }) ?? true else {
            throw Complaint("\(data.path): found \(rows) truths for \(events?.rows ?? 0) events")
        }
    }

    func call(_ range: Range<Int>) -> TruthCall {
        var call = TruthCall(model: model.name)
        call.truths = truths.map { $0.rows(range) }
        call.eventIds = ids?.rows(range)
        if let scored = events?.call(range) {
            call.inputs = scored.inputs
            call.columns = scored.columns
            call.eventIds = scored.eventIds
        }
        return call
    }
}
