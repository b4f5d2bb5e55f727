import ArgumentParser
import Glibc

/// Measures the daemon against the limits of what it is built on.
@main
struct VigilBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vigil-bench",
        abstract: "Measures vigild against a libzmq echo, ONNX Runtime in process, and peers.",
        discussion: """
            Every contestant of a measure takes its turn in every repetition, so that a machine \
            that slows down slows all of them. Medians and ranges are shown; a ratio is the median \
            of the repetitions' own ratios.
            """,
        subcommands: [
            RunCommand.self, WireCommand.self, TreesCommand.self, LoadCommand.self,
            EchoCommand.self, ServeCommand.self, SessionsCommand.self, LeakCommand.self,
            OffloadCommand.self,
        ],
        defaultSubcommand: RunCommand.self
    )

    /// A mistake of the caller is one line and exit 2, a measure that fails one line and exit 1.
    static func main() {
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch let failure as BenchFailure {
            end("\(failure)", code: 1)
        } catch {
            let isMistake = exitCode(for: error) == .validationFailure
            guard isMistake else { exit(withError: error) }
            end(message(for: error), code: 2)
        }
    }

    private static func end(_ message: String, code: Int32) -> Never {
        Progress.note(
            "vigil-bench: " + message.split(whereSeparator: \.isNewline).joined(separator: " ")
        )
        Glibc.exit(code)
    }
}

/// The echo server, started by the benchmark as a process of its own.
struct EchoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "echo",
        abstract: "A libzmq ROUTER that answers with frames of these sizes, or with the request's."
    )

    @Argument(help: "Bytes of each frame; the first one follows the request's id.")
    var sizes: [Int] = []

    func run() throws {
        try EchoServer.run(sizes: sizes)
    }
}

/// The server of one model in C, started by the benchmark as a process of its own.
struct ServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "A libzmq ROUTER in C that runs a model and answers with frames of these sizes."
    )

    @Option(help: "ONNX Runtime's library.") var onnxruntime: String
    @Option(help: "Most events of one run.") var rows: Int
    @Option(help: "The model's artefact.") var artefact: String
    @Argument(help: "Bytes of each frame; the first one follows the request's id.")
    var sizes: [Int]

    func run() throws {
        EchoServer.serve(library: onnxruntime, artefact: artefact, rows: rows, sizes: sizes)
    }
}
