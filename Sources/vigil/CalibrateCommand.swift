import ArgumentParser
import Calibration
import Datasets
import Digests
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

            The report shows why its numbers hold: coverage and p-values of one half of the \
            events by the other half, bin by bin, beside the band in which a right calibration \
            stays; widths; probabilities on folds held out; the bins that lack events. --report \
            draws them, --json prints them with the names of 'vigil evaluate': coverage, \
            regions, p_values and reliability are lists of cells with output, bin, nominal, \
            measured, low, high, events and calibration_events; widths and region_sizes hold \
            mean, error, median, p10 and p90; probabilities the losses, the pair's width and a \
            histogram; lacking and floors the bins whose intervals are infinite and the smallest \
            p-value of each; guarantees what is proven. null is infinite, or unknown.
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
    @Option(help: "Page of plots to write (.svg).") var report: String?
    @OptionGroup var connection: ConnectionOptions
    @Flag(help: "Print JSON.") var json = false

    func validate() throws {
        if let report, !report.hasSuffix(".svg") {
            throw ValidationError("--report \(report): the file must end in .svg")
        }
    }

    func run() async throws {
        if let output { try Dataset.checkTarget(output) }
        if let report { try Dataset.checkTarget(report) }
        let labelled = try Dataset(path: data)
        let aim = try target.map { try Dataset(path: $0) }
        let (name, classifier) = (model, classifier)
        let found = try await connection.withClient { client in
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
            let (file, samples) = try fit.fitted(
                date: Self.today(),
                dataDigest: Digest.text(of: labelled.fileBytes)
            )
            let check = CalibrationCheck(model: description, file: file, samples: samples)
            var found = try check.report(path: path)
            try Dataset.write(file.json(), to: path)
            found.reload = noReload ? [] : try await client.reload()
            return found
        }
        for warning in found.warnings { Output.note("warning: \(warning)") }
        if let report {
            try Dataset.write(Array(CalibrationPlots(found).svg().utf8), to: report)
        }
        if json { return try Output.json(found) }
        found.show()
        if let report { print("report: \(report)") }
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
        "\(model.folder)/\(fileName(model))"
    }

    /// The name of a calibration file of what runs.
    static func fileName(_ model: ModelDescription) -> String {
        "calibration-\(model.engine)-\(model.precision)-\(model.deviceClass).json"
    }

    /// Today, ISO 8601.
    static func today() -> String {
        Date.now.formatted(.iso8601)
    }
}
