import ArgumentParser
import Calibration
import Catalog
import Datasets
import Digests
import Explanations
import Messages
import VigilClient

/// `vigil background`.
struct BackgroundCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "background",
        abstract: "Gives the daemon the events that a model's explanations compare with.",
        discussion: """
            A background says what a feature would have been if it were not known. Events of the \
            file are drawn at random by --seed and written beside the artefact, in the folder \
            that the daemon names, or where --output says; then the daemon reads its models \
            again. An explanation takes time in proportion to the background's events.
            """
    )

    @Argument(help: "Model whose explanations need a background.") var model: String
    @Option(help: "Events (.npy or .npz), as for vigil score: of the population to compare with.")
    var data: String
    @Option(help: "Events to draw, at most \(Background.maximumRows).") var rows = 100
    @Option(help: "Seed that they are drawn by.") var seed: UInt64 = 0
    @Option(name: .shortAndLong, help: "File to write.") var output: String?
    @Flag(help: "Leave the daemon as it is.") var noReload = false
    @OptionGroup var connection: ConnectionOptions
    @Flag(help: "Print JSON.") var json = false

    private struct Report: Encodable {
        let model: String
        let input: String
        let rows: Int
        let events: Int
        let not_finite: Int
        let seed: UInt64
        let file: String
        let reload: [String]
    }

    func validate() throws {
        guard (1...Background.maximumRows).contains(rows) else {
            throw ValidationError("--rows \(rows): allowed are 1 to \(Background.maximumRows)")
        }
    }

    func run() async throws {
        if let output { try Dataset.checkTarget(output) }
        let events = try Dataset(path: data)
        let name = model
        let report = try await connection.withClient { client in
            guard let description = try await client.models(name).first else {
                throw Complaint("the daemon has no model '\(name)'")
            }
            guard description.explanation != nil else {
                throw Complaint("the manifest of '\(name)' explains nothing: it has no 'explain'")
            }
            let path = output ?? "\(description.folder)/\(ModelFolder.backgroundName)"
            try Dataset.checkTarget(path)
            let source = try EventSource(events, model: description)
            let sample = BackgroundSample(model: description, rows: rows, seed: seed)
            let drawn = try sample.drawn(from: source, path: data)
            let file = try sample.file(
                drawn,
                date: CalibrateCommand.today(),
                dataDigest: Digest.text(of: events.fileBytes)
            )
            try Dataset.write(file.json(), to: path)
            return Report(
                model: file.model,
                input: file.input,
                rows: file.background.rows,
                events: source.rows,
                not_finite: drawn.notFinite,
                seed: seed,
                file: path,
                reload: noReload ? [] : try await client.reload()
            )
        }
        if json { return try Output.json(report) }
        print(
            "background of \(report.model), \(report.rows) of \(report.events) events by seed \(seed): \(report.file)"
        )
        if report.not_finite > 0 {
            print("left out because a value is not finite: \(report.not_finite)")
        }
        if noReload { print("the daemon reads it at the next reload") }
        for change in report.reload { print(change) }
    }
}
