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

            A model whose manifest weighs events is calibrated for data in which the kinds of \
            events have other shares: --target names such data, without truths. Where the \
            weight is a column of the request, --classifier computes it in the labelled events \
            by a binary model that tells data (class 1) from what calibrates (class 0).
            """
    )

    @Argument(help: "Model to calibrate.") var model: String
    @Option(help: "Labelled events (.npz): the model's inputs and its truth columns.") var data:
        String
    @Option(
        help:
            "Events of the data that the calibration is for (.npz), where the model weighs by histograms."
    )
    var target: String?
    @Option(help: "Model whose likelihood ratio weighs events, where the weight is a column.")
    var classifier: String?
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
        if let output { try Dataset.checkTarget(output) }
        let labelled = try Dataset(path: data)
        let aim = try target.map { try Dataset(path: $0) }
        let (name, classifier) = (model, classifier)
        let (file, path, changes) = try await connection.withClient { client in
            guard let description = try await client.models(name).first else {
                throw Complaint("the daemon has no model '\(name)'")
            }
            guard !description.uncertainty.isEmpty else {
                throw Complaint(
                    "model '\(name)' declares no uncertainty: there is nothing to calibrate"
                )
            }
            let path = output ?? Self.path(description)
            try Dataset.checkTarget(path)
            let weighed = try await EventWeighing(client: client, model: description)
                .weighed(labelled, by: classifier)
            let source = try EventSource(weighed, model: description)
            let raw = try await Self.raw(source, client, title: "scored")
            var fit = CalibrationFit(
                model: description,
                source: source,
                path: labelled.path,
                raw: raw
            )
            if let aim {
                guard description.uncertainty.contains(where: \.hasHistograms) else {
                    throw Complaint(
                        "model '\(name)' weighs no events by histograms: --target is for those"
                    )
                }
                let source = try EventSource(aim, model: description)
                fit.target = (source, try await Self.raw(source, client, title: "target"))
            }
            let file = try fit.file(
                date: Self.today(),
                dataDigest: Digest.text(of: labelled.fileBytes)
            )
            try Dataset.write(file.json(), to: path)
            let changes = noReload ? [] : try await client.reload()
            return (file, path, changes)
        }
        Self.warn(file)
        try report(file, path, changes)
    }

    /// The daemon's raw scores of a source's events.
    private static func raw(
        _ source: EventSource,
        _ client: Client,
        title: String
    ) async throws -> Scoring.Outcome {
        try await Scoring(client: client, source: source).run(title: title) { call in
            call.isRaw = true
            call.priority = .bulk
        }
    }

    /// Beside the artefact, as the daemon looks for it.
    private static func path(_ model: ModelDescription) -> String {
        "\(model.folder)/calibration-\(model.engine)-\(model.precision)-\(model.deviceClass).json"
    }

    /// Names the bins whose intervals will be infinite, at coverages that are often asked for.
    private static func warn(_ file: CalibrationFile) {
        for output in file.outputs {
            guard let interval = output.interval else { continue }
            for coverage in [0.68, 0.9, 0.95] {
                let thin = interval.eventsPerBin.indices.filter {
                    interval.quantile(bin: $0, coverage: coverage).isInfinite
                }
                guard !thin.isEmpty else { continue }
                let bins = thin.map {
                    "\(interval.bins.label($0)) (\(interval.eventsPerBin[$0]) events)"
                }
                Output.note(
                    "warning: \(output.output) at \(Output.fixed(coverage * 100, 0)) %: infinite intervals in too thin bins: \(bins.joined(separator: ", "))"
                )
            }
        }
    }

    private func report(_ file: CalibrationFile, _ path: String, _ changes: [String]) throws {
        var events: [(String, [Int], MondrianGrid)] = []
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
        for region in file.regions {
            events.append(
                (
                    region.outputs.joined(separator: ","), region.ellipses.eventsPerBin,
                    region.ellipses.bins
                )
            )
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
