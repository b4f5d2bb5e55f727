import ArgumentParser
import Messages
import VigilClient

/// `vigil calibrations`, `vigil calibrations MODEL`, `vigil calibrations use ID`.
struct CalibrationsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "calibrations",
        abstract: "What models that take truths have learned, and how their coverage stands.",
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

    @Argument(help: "Model that takes truths; without it all that do.") var model: String?
    @OptionGroup var connection: ConnectionOptions
    @Flag(help: "Print JSON.") var json = false

    private struct All: Encodable {
        let models: [CalibrationsDocument]
    }

    func run() async throws {
        let model = model
        let reports = try await connection.withClient { client in
            if let model { return [try await client.calibrations(model)] }
            return try await client.allCalibrations()
        }
        if json { return try Output.json(All(models: reports.map(CalibrationsDocument.init))) }
        if reports.isEmpty { print("no model of the daemon takes truths") }
        for report in reports { CalibrationsDocument.show(report) }
    }
}

extension Client {
    /// Those of every model that takes truths.
    fileprivate func allCalibrations() async throws(ClientError) -> [CalibrationsReport] {
        var reports: [CalibrationsReport] = []
        for model in try await models() where model.state == .serving {
            do throws(ClientError) {
                reports.append(try await calibrations(model.name, version: model.version))
            } catch {
                guard case .refusal(let refusal) = error, refusal.code == .unsupported else {
                    throw error
                }
            }
        }
        return reports
    }
}

/// `vigil calibrations use`.
struct UseCalibration: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "use",
        abstract: "Answers by an earlier calibration from now on, and after a restart."
    )

    @Argument(help: "Id of the calibration, as 'vigil calibrations' lists it.") var id: String
    @Option(help: "Model that it belongs to; without it the one that has it.") var model: String?
    @OptionGroup var connection: ConnectionOptions
    @Flag(help: "Print JSON.") var json = false

    func run() async throws {
        let (model, id) = (model, id)
        let report = try await connection.withClient { client in
            if let model { return try await client.calibrations(model, use: id) }
            let owner = try await client.allCalibrations().first { report in
                report.calibrations.contains { $0.id == id }
            }
            guard let owner else {
                throw Complaint("no model has a calibration '\(id)': see 'vigil calibrations'")
            }
            return try await client.calibrations(owner.model, version: owner.version, use: id)
        }
        if json { return try Output.json(CalibrationsDocument(report)) }
        print("\(report.model) \(report.version) answers by calibration \(id)")
    }
}

/// The object that `--json` prints.
private struct CalibrationsDocument: Encodable {
    struct State: Encodable {
        let id: String
        let date: String
        /// null where nothing was learned.
        let parent: String?
        let truths: Int
        let events: Int
        let in_use: Bool
    }

    let model: String
    let version: String
    let calibrations: [State]
    let coverage: [CoverageStanding]
    let problem: String

    init(_ report: CalibrationsReport) {
        model = report.model
        version = report.version
        calibrations = report.calibrations.map {
            State(
                id: $0.id,
                date: $0.date,
                parent: $0.parent.isEmpty ? nil : $0.parent,
                truths: $0.truths,
                events: $0.events,
                in_use: $0.isInUse
            )
        }
        problem = report.problem
        coverage = report.coverage
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
        Output.table(CoverageTable.header, report.coverage.map(CoverageTable.row))
    }
}
