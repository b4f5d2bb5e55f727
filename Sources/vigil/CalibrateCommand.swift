import ArgumentParser
import Calibration
import Catalog
import Datasets
import FoundationEssentials
import Messages
import VigilClient

/// `vigil calibrate`.
struct CalibrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "calibrate",
        abstract: "Calibrates a model on labelled events that the running daemon scores.",
        discussion: """
            The events go through the daemon, which answers raw scores: what is calibrated is \
            what runs, at its precision, on its device. The calibration file is written beside \
            the artefact, in the folder that the daemon names, or where --output says; then the \
            daemon reads its models again.
            """
    )

    @Argument(help: "Model to calibrate.") var model: String
    @Option(help: "Labelled events (.npz): the model's inputs and its truth columns.") var data:
        String
    @Option(name: .shortAndLong, help: "Calibration file to write.") var output: String?
    @Flag(help: "Leave the daemon as it is.") var noReload = false
    @OptionGroup var connection: ConnectionOptions
    @Flag(help: "Print JSON.") var json = false

    private struct Report: Encodable {
        let model: String
        let version: String
        let events: Int
        let file: String
        let outputs: [String: [Int]]
        let reload: [String]
    }

    func run() async throws {
        let labelled = try Dataset(path: data)
        let name = model
        let (file, path, changes) = try await connection.withClient { client in
            guard let description = try await client.models(name).first else {
                throw Complaint("the daemon has no model '\(name)'")
            }
            guard !description.uncertainty.isEmpty else {
                throw Complaint(
                    "model '\(name)' declares no uncertainty: there is nothing to calibrate"
                )
            }
            let source = try EventSource(labelled, model: description)
            let raw = try await Scoring(client: client, source: source).run(title: "scored") {
                call in
                call.isRaw = true
                call.priority = .bulk
            }
            let fit = CalibrationFit(model: description, data: labelled, raw: raw)
            let file = try fit.file(
                date: Self.today(),
                dataDigest: Digest.text(of: labelled.fileBytes)
            )
            let path =
                output
                ?? "\(description.folder)/calibration-\(description.engine)-\(description.precision)-\(description.deviceClass).json"
            try Dataset.write(file.json(), to: path)
            let changes = noReload ? [] : try await client.reload()
            return (file, path, changes)
        }
        try report(file, path, changes)
    }

    private func report(_ file: CalibrationFile, _ path: String, _ changes: [String]) throws {
        var events: [(String, [Int], MondrianBins)] = []
        for output in file.outputs {
            if let interval = output.interval {
                events.append((output.output, interval.eventsPerBin, interval.bins))
            }
            for entry in output.pValues {
                events.append(
                    ("\(output.output)/\(entry.name)", entry.table.eventsPerBin, entry.table.bins)
                )
            }
        }
        if json {
            return try Output.json(
                Report(
                    model: file.model,
                    version: file.version,
                    events: file.events,
                    file: path,
                    outputs: Dictionary(events.map { ($0.0, $0.1) }, uniquingKeysWith: { $1 }),
                    reload: changes
                )
            )
        }
        print("calibrated \(file.model) \(file.version) on \(file.events) events: \(path)")
        Output.table(
            ["output", "bin", "events"],
            events.flatMap { name, counts, bins in
                counts.indices.map { [name, bins.label($0), "\(counts[$0])"] }
            }
        )
        for change in changes { print(change) }
    }

    /// Today, ISO 8601.
    private static func today() -> String {
        Date.now.formatted(.iso8601)
    }
}
