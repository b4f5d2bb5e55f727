import ArgumentParser
import Datasets
import Messages
import VigilClient

/// `vigil evaluate`.
struct EvaluateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate",
        abstract: "Scores labelled events with every calibrated model and shows what holds.",
        discussion: """
            Coverage of intervals bin by bin beside the band in which a right calibration \
            stays, all bins together, in 99 of 100 cases; reliability of probabilities; \
            anomalies kept at a false-discovery rate; rates and latencies.
            """
    )

    @Argument(help: "Labelled events (.npz).") var data: String
    @Option(help: "Coverages to try, between 0 and 1.") var coverage: [Double] = [0.68, 0.9, 0.95]
    @Option(help: "False-discovery rate of anomalies.") var fdr = 0.1
    @Option(help: "Report to write (.svg).") var report: String?
    @OptionGroup var connection: ConnectionOptions
    @Flag(help: "Print JSON.") var json = false

    func validate() throws {
        for value in coverage where !(value > 0 && value < 1) {
            throw ValidationError("--coverage \(value): allowed is between 0 and 1")
        }
        guard fdr > 0, fdr < 1 else {
            throw ValidationError("--fdr \(fdr): allowed is between 0 and 1")
        }
        if let report, !report.hasSuffix(".svg") {
            throw ValidationError("--report \(report): the file must end in .svg")
        }
    }

    func run() async throws {
        if let report { try Dataset.checkTarget(report) }
        let events = try Dataset(path: data)
        let evaluation = Evaluation(data: events, coverages: coverage, fdr: fdr)
        let result = try await connection.withClient { try await evaluation.run($0) }
        if let report {
            try Dataset.write(Array(EvaluationPlots(result).svg().utf8), to: report)
        }
        if json {
            try Output.json(result.report)
        } else {
            result.show()
            if let report { print("\nreport: \(report)") }
        }
    }
}
