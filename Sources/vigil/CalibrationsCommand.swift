import ArgumentParser
import Messages
import VigilClient

/// `vigil calibrations MODEL`, `vigil calibrations use MODEL ID`.
struct CalibrationsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "calibrations",
        abstract: "What a model that takes truths has learned, and how its coverage stands.",
        subcommands: [ListCalibrations.self, UseCalibration.self],
        defaultSubcommand: ListCalibrations.self
    )
}

/// `vigil calibrations list`.
struct ListCalibrations: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Every calibration that fits, and the coverage of the one in use."
    )

    @Argument(help: "Model that takes truths.") var model: String
    @OptionGroup var connection: ConnectionOptions
    @Flag(help: "Print JSON.") var json = false

    func run() async throws {
        let model = model
        let report = try await connection.withClient { try await $0.calibrations(model) }
        if json { return try Output.json(CalibrationsDocument(report)) }
        CalibrationsDocument.show(report)
    }
}

/// `vigil calibrations use`.
struct UseCalibration: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "use",
        abstract: "Answers by an earlier calibration from now on, and after a restart."
    )

    @Argument(help: "Model that takes truths.") var model: String
    @Argument(help: "Id of the calibration, as 'vigil calibrations MODEL' lists it.")
    var id: String
    @OptionGroup var connection: ConnectionOptions
    @Flag(help: "Print JSON.") var json = false

    func run() async throws {
        let (model, id) = (model, id)
        let report = try await connection.withClient { client in
            try await client.calibrations(model, use: id)
        }
        if json { return try Output.json(CalibrationsDocument(report)) }
        print("\(report.model) \(report.version) answers by calibration \(id)")
    }
}

/// The object that `--json` prints.
private struct CalibrationsDocument: Encodable {
    struct Bin: Encodable {
        let output: String
        let stream: String
        let bin: String
        let coverage: Double
        let events: Int
        let covered: Int
        @JSONNumber var low: Double
        @JSONNumber var high: Double
        let standing: String
    }

    let model: String
    let version: String
    let calibrations: [CalibrationState]
    let coverage: [Bin]
    let problem: String

    init(_ report: CalibrationsReport) {
        model = report.model
        version = report.version
        calibrations = report.calibrations
        problem = report.problem
        coverage = report.coverage.map {
            Bin(
                output: $0.output,
                stream: $0.stream,
                bin: $0.bin,
                coverage: $0.coverage,
                events: $0.events,
                covered: $0.covered,
                low: $0.low,
                high: $0.high,
                standing: $0.standing
            )
        }
    }

    static func show(_ report: CalibrationsReport) {
        print("\(report.model) \(report.version)")
        Output.table(
            ["calibration", "date", "learned from", "truths", "events", ""],
            report.calibrations.map { state in
                [
                    state.id, state.date, state.parent.isEmpty ? "-" : state.parent,
                    "\(state.truths)", "\(state.events)", state.isInUse ? "in use" : "",
                ]
            }
        )
        if !report.problem.isEmpty { print("not kept: \(report.problem)") }
        guard !report.coverage.isEmpty else { return print("No truths came since it is in use.") }
        print("\nCoverage since it is in use")
        Output.table(
            ["output", "stream", "bin", "promised", "measured", "low", "high", "truths", ""],
            report.coverage.map { row in
                [
                    row.output, row.stream, row.bin, Output.fixed(row.coverage, 3),
                    Output.fixed(Double(row.covered) / Double(row.events), 4),
                    row.low.isNaN ? "-" : Output.fixed(row.low, 4),
                    row.high.isNaN ? "-" : Output.fixed(row.high, 4), "\(row.events)",
                    row.standing,
                ]
            }
        )
    }
}
