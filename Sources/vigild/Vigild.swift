import ArgumentParser
import Glibc
import Lanes
import Logging
import Settings
import Supervision

/// The command `vigild`.
@main
struct Vigild: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vigild",
        abstract: "Keeps models resident and scores batches of events over ZeroMQ.",
        discussion: """
            Every score carries an interval that holds, a p-value and its provenance. \
            SIGTERM drains and exits, SIGHUP reads the models again.
            """,
        version: Daemon.version
    )

    @Option(help: "Settings; without it every setting has its default.")
    var config: String?

    @Flag(help: "Check the settings, load every model, say what came of it, and exit.")
    var check = false

    func run() throws {
        // Before any thread starts, so that all inherit the mask and the loop below gets them. A
        // check ends by any signal, as commands do.
        if !check { SignalLoop.block() }
        let settings: DaemonSettings
        do {
            if let config {
                settings = try DaemonSettings(path: config)
            } else {
                settings = DaemonSettings()
            }
        } catch {
            let line = "vigild: \(error)\n"
            _ = unsafe write(STDERR_FILENO, line, line.utf8.count)
            throw ExitCode(EX_CONFIG)
        }
        var logger = Logger(label: "vigild") { _ in LineLogHandler(.process) }
        logger.logLevel = Logger.Level(rawValue: settings.logLevel.rawValue) ?? .info
        // What came of the check goes to standard output; only what is worse is logged too.
        if check { logger.logLevel = .critical }
        let daemon = Daemon(settings: settings, environment: .process, logger: logger)
        if check { throw ExitCode(Check.run(daemon)) }
        let operation = Operation(
            daemon: daemon,
            settings: settings,
            environment: .process,
            logger: logger
        )
        let code = operation.run()
        // At once: a thread that still loads a model must not find ONNX Runtime's statics destroyed.
        fflush(nil)
        _exit(code)
    }
}
