import ArgumentParser
import Datasets
import Glibc
import Messages
import VigilClient

/// `vigil monitor`.
struct MonitorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "monitor",
        abstract:
            "Shows how the events of each stream compare with their references, and answers with truths.",
        discussion: """
            On a terminal the view is drawn anew every --interval seconds until Ctrl-C. Bars show \
            the last window bin by bin over its reference: half a block is as many events as \
            expected, a whole one twice as many. A value alarms when its window is off both \
            significantly and largely; the martingale's capital is a slow alarm that sums up all \
            windows. Where truths came, their share in the answers' intervals and sets stands \
            below, bin by bin.

            The exit code of --once and --json is 1 while the last window of some stream alarms.
            """
    )

    @Argument(help: "Model to show; all without it.") var model: String?
    @Option(help: "Seconds between two looks.") var interval = 1.0
    @Flag(help: "Print one table and exit, as without a terminal.") var once = false
    @Option(help: "Page of the last windows and their references to write (.svg).") var report:
        String?
    @OptionGroup var connection: ConnectionOptions
    @Flag(help: "Print JSON.") var json = false

    private struct Report: Encodable {
        let models: [MonitoringReport]
    }

    func validate() throws {
        guard interval >= 0.1, interval <= 3600 else {
            throw ValidationError("--interval \(interval): allowed are 0.1 to 3600 seconds")
        }
        if let report, !report.hasSuffix(".svg") {
            throw ValidationError("--report \(report): the file must end in .svg")
        }
    }

    func run() async throws {
        if let report { try Dataset.checkTarget(report) }
        if report != nil || json || once || isatty(1) == 0 { return try await showOnce() }
        try await watch()
    }

    private func showOnce() async throws {
        let model = model
        let found = try await connection.withClient { try await $0.monitoring(model) }
        if let report {
            try Dataset.write(Array(MonitoringPlots(found).svg().utf8), to: report)
        }
        if json {
            try Output.json(Report(models: found.map(MonitoringReport.init)))
        } else {
            print(MonitoringTable(found).text)
        }
        if found.contains(where: { $0.isAlarming }) { throw ExitCode(1) }
    }

    private func watch() async throws {
        let (model, interval, endpoints) = (model, interval, connection.endpoints)
        let screen = TerminalScreen()
        defer { screen.close() }
        try await connection.withClient { client in
            while true {
                var view = MonitoringView(title: endpoints.joined(separator: ", "))
                do {
                    view.models = try await client.monitoring(model)
                } catch ClientError.refusal(let refusal) {
                    // A model that is not there does not come by waiting.
                    throw Complaint(ClientError.refusal(refusal).description)
                } catch {
                    view.problem = "\(error)"
                }
                screen.show(view.lines(width: screen.size.columns))
                try await ContinuousClock().sleep(for: .seconds(interval))
            }
        }
    }
}

extension ModelMonitoring {
    /// Whether the last window of some stream alarms.
    var isAlarming: Bool {
        streams.contains { stream in stream.comparisons.contains(where: \.isAlarm) }
    }

    /// The counts of a reference, by its kind.
    func reference(_ kind: String) -> Reference? { references.first { $0.kind == kind } }
}
