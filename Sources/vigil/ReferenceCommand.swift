import ArgumentParser
import Calibration
import Catalog
import Datasets
import Digests
import Glibc
import Messages
import Monitoring
import VigilClient

/// `vigil reference`.
struct ReferenceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reference",
        abstract:
            "Tells the daemon how the values that a model's manifest monitors are distributed.",
        discussion: """
            The events go through the daemon, which answers raw scores; every monitored feature \
            and output is counted in bins with equal shares of the events. The file is written \
            beside the artefact, in the folder that the daemon names, or where --output says; \
            then the daemon reads its models again and holds every stream's windows against it.

            A model has one reference of each kind. The second one shares the bins of the first; \
            one of the same kind again takes the other's place.
            """
    )

    @Argument(help: "Model whose manifest says what is monitored.") var model: String
    @Option(help: "Events (.npz): the model's inputs. As many as can be had: 10,000 at least.")
    var data: String
    @Option(
        help: "Where they came from: simulation or data.",
        transform: { text in
            guard let kind = ReferenceFile.Kind(rawValue: text) else {
                throw ValidationError("allowed are simulation and data")
            }
            return kind
        }
    )
    var kind: ReferenceFile.Kind
    @Option(help: "Bins of each value, where there are none yet: 2 to 64.") var bins = 50
    @Option(name: .shortAndLong, help: "File of references to write, or to add to.")
    var output: String?
    @Flag(help: "Leave the daemon as it is.") var noReload = false
    @OptionGroup var connection: ConnectionOptions
    @Flag(help: "Print JSON.") var json = false

    private struct Report: Encodable {
        struct Value: Encodable {
            let value: String
            let bins: Int
            let nonfinite: Int
        }
        let model: String
        let version: String
        let kind: String
        let events: Int
        let file: String
        let values: [Value]
        let reload: [String]
    }

    func validate() throws {
        guard (2...ReferenceFile.maximumBins).contains(bins) else {
            throw ValidationError(
                "--bins \(bins): allowed are 2 to \(ReferenceFile.maximumBins)"
            )
        }
    }

    func run() async throws {
        if let output { try Dataset.checkTarget(output) }
        let events = try Dataset(path: data)
        let name = model
        let (file, path, changes) = try await connection.withClient { client in
            guard let description = try await client.models(name).first else {
                throw Complaint("the daemon has no model '\(name)'")
            }
            guard !description.monitored.isEmpty else {
                throw Complaint("the manifest of '\(name)' names nothing to be monitored")
            }
            let path = output ?? Self.path(description)
            try Dataset.checkTarget(path)
            let source = try EventSource(events, model: description)
            let outcome = try await Scoring(client: client, source: source).run(title: "scored") {
                call in
                call.isRaw = true
                call.priority = .bulk
            }
            let fit = ReferenceFit(model: description, bins: bins)
            let file = try fit.file(
                kind: kind,
                columns: fit.columns(source, outcome),
                date: CalibrateCommand.today(),
                dataDigest: Digest.text(of: events.fileBytes),
                known: try Self.known(path)
            )
            try Dataset.write(file.json(), to: path)
            let changes = noReload ? [] : try await client.reload()
            return (file, path, changes)
        }
        try report(file, path, changes)
    }

    /// Beside the artefact, as the daemon looks for it.
    private static func path(_ model: ModelDescription) -> String {
        "\(model.folder)/\(ModelFolder.referencePrefix)-\(model.engine)-\(model.precision)-\(model.deviceClass).json"
    }

    /// The file that is there already, if there is one.
    private static func known(_ path: String) throws -> ReferenceFile? {
        guard unsafe access(path, F_OK) == 0 else { return nil }
        do {
            return try ReferenceFile(
                json: FileReading.bytes(path, limit: ReferenceFile.maximumBytes)
            )
        } catch {
            throw Complaint("\(path) is no file of references: \(error)")
        }
    }

    private func report(_ file: ReferenceFile, _ path: String, _ changes: [String]) throws {
        guard let reference = file.references.first(where: { $0.kind == kind }) else {
            preconditionFailure("it was just made")
        }
        let values = zip(file.values, reference.counts).map { value, counts in
            Report.Value(
                value: value.name,
                bins: value.bins.count,
                nonfinite: reference.events - counts.reduce(0, +)
            )
        }
        if json {
            return try Output.json(
                Report(
                    model: file.model,
                    version: file.version,
                    kind: kind.rawValue,
                    events: reference.events,
                    file: path,
                    values: values,
                    reload: changes
                )
            )
        }
        print(
            "reference of \(file.model) \(file.version), \(kind.rawValue), \(reference.events) events: \(path)"
        )
        Output.table(
            ["value", "bins", "not finite"],
            values.map { [$0.value, "\($0.bins)", "\($0.nonfinite)"] }
        )
        for change in changes { print(change) }
    }
}
