import ArgumentParser
import CBench
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
        subcommands: [RunCommand.self, EchoCommand.self, LoadCommand.self],
        defaultSubcommand: RunCommand.self
    )
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
