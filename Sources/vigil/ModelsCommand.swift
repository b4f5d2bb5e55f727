internal import Tensors
import ArgumentParser
import Messages
import VigilClient

/// `vigil models`, `vigil models NAME`, `vigil models show NAME`, `vigil models reload`.
struct ModelsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "models",
        abstract: "Which models the daemon has.",
        subcommands: [ListModels.self, ShowModel.self, ReloadModels.self],
        defaultSubcommand: ListModels.self
    )
}

/// The object that `--json` prints.
private struct ModelReports: Encodable {
    let models: [ModelReport]

    init(_ models: [ModelDescription]) {
        self.models = models.map(ModelReport.init)
    }
}

/// `vigil models list`.
struct ListModels: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "A line for every version, or everything about one model."
    )

    @Argument(help: "Model to show, as 'vigil models show' does.") var name: String?
    @OptionGroup var connection: ConnectionOptions
    @Flag(help: "Print JSON.") var json = false

    func run() async throws {
        let name = name
        let models = try await connection.withClient { try await $0.models(name) }
        if json { return try Output.json(ModelReports(models)) }
        if name != nil { return ShowModel.show(models) }
        Output.table(
            ["model", "version", "state", "task", "engine", "device", "calibration"],
            models.map { model in
                [
                    model.name, model.version, model.state.rawValue, model.task,
                    model.engineVersion, model.device, model.calibration ?? "none",
                ]
            }
        )
        for model in models {
            for reason in model.reasons { print("\(model.name): \(reason)") }
        }
    }
}

/// `vigil models show`.
struct ShowModel: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Everything about one model."
    )

    @Argument(help: "Name of the model.") var name: String
    @OptionGroup var connection: ConnectionOptions
    @Flag(help: "Print JSON.") var json = false

    func run() async throws {
        let name = name
        let models = try await connection.withClient { try await $0.models(name) }
        if json { return try Output.json(ModelReports(models)) }
        Self.show(models)
    }

    /// Prints everything about models.
    static func show(_ models: [ModelDescription]) {
        for model in models { show(model) }
    }

    private static func show(_ model: ModelDescription) {
        print("\(model.name) \(model.version), \(model.state.rawValue)")
        if !model.summary.isEmpty { print("  \(model.summary)") }
        print("  task \(model.task), \(model.engineVersion), \(model.precision), \(model.device)")
        print("  \(model.digest)")
        for reason in model.reasons { print("  \(reason)") }
        for (title, tensors) in [("input", model.inputs), ("output", model.outputs)] {
            for tensor in tensors {
                let unit = tensor.unit.isEmpty || tensor.unit == "1" ? "" : " [\(tensor.unit)]"
                print(
                    "  \(title) \(tensor.signature.name) \(tensor.signature.text)\(unit) \(tensor.meaning)"
                )
                if !tensor.features.isEmpty {
                    print("    \(tensor.features.joined(separator: ", "))")
                }
            }
        }
        if let calibration = model.calibration {
            print("  calibration \(calibration) of \(model.calibrationDate ?? "unknown date")")
            for bins in model.bins {
                print(
                    "    \(bins.output): \(bins.events.map(String.init).joined(separator: " ")) events per bin"
                )
            }
        } else if let reason = model.calibrationReason {
            print("  no calibration: \(reason)")
        }
        if let explanation = model.explanation { print("  \(Self.line(explanation))") }
        let ladder = model.ladder.map {
            "\($0.rows):\(Output.fixed(Double($0.nanoseconds) / 1000, 1))"
        }
        print("  micro-batches, events:microseconds \(ladder.joined(separator: " "))")
        if !model.evaluation.isEmpty { print("  evaluated by \(model.evaluation)") }
    }
}

extension ShowModel {
    /// How scores are explained, and what that takes.
    fileprivate static func line(_ explanation: ExplanationDescription) -> String {
        if let reason = explanation.reason { return "no explanation: \(reason)" }
        var parts = [
            "explanation of \(explanation.output) by \(explanation.method)",
            "\(explanation.features.count) features",
        ]
        if explanation.background != nil {
            parts.append("background of \(explanation.backgroundRows) events")
        }
        let milliseconds = Double(explanation.nanoseconds) / 1e6
        let seconds = Double(explanation.limitNanoseconds) / 1e9
        parts.append(
            "\(Output.significant(milliseconds, 2)) ms an event, at most \(Output.shortest(seconds)) s a request"
        )
        return parts.joined(separator: ", ")
    }
}

/// `vigil models reload`.
struct ReloadModels: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reload",
        abstract: "Lets the daemon read its models again."
    )

    @OptionGroup var connection: ConnectionOptions
    @Flag(help: "Print JSON.") var json = false

    private struct Report: Encodable {
        let changes: [String]
    }

    func run() async throws {
        let changes = try await connection.withClient { try await $0.reload() }
        if json {
            try Output.json(Report(changes: changes))
        } else {
            for change in changes { print(change) }
            if changes.isEmpty { print("nothing changed") }
        }
        if changes.contains(where: { $0.hasPrefix("failed") }) { throw ExitCode(1) }
    }
}
