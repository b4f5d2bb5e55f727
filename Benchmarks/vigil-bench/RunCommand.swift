import ArgumentParser
import CBench
import Glibc

/// The measures themselves.
struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Runs the measures."
    )

    @Option(help: "vigild's executable.") var vigild: String
    @Option(help: "ONNX Runtime's library.") var onnxruntime: String
    @Option(help: "Folder of the reference models.") var zoo = "Zoo/models"
    @Option(help: "Folder of the benchmark's own models.") var models: String
    @Option(help: "Data file that events are taken from.") var data = "Zoo/sample.npz"
    @Option(help: "Folder for logs and settings.") var work: String
    @Option(help: "Folder of the scripts for peers.") var peers = "Benchmarks/peers"
    @Option(help: "Python that runs them.") var python = "python3"
    @Option(help: "Interleaved repetitions.") var repetitions: Int?
    @Option(help: "Only the groups whose names contain this.") var only: String?
    @Flag(help: "Shorter: every ratio but growth and reload.") var quick = false
    @Flag(help: "Print JSON.") var json = false

    func run() throws {
        cbench_keep_freed_memory()
        let setting = Setting(
            vigild: vigild,
            bench: CommandLine.arguments[0],
            onnxRuntime: onnxruntime,
            zoo: zoo,
            models: models,
            data: data,
            work: work,
            repetitions: repetitions ?? (quick ? 3 : 7),
            scale: quick ? 0.25 : 1,
            peers: peers,
            python: python
        )
        unsafe mkdir(work, 0o755)
        var figures: [Figure] = []
        func group(_ name: String, _ measure: () throws(BenchFailure) -> [Figure]) throws {
            if let only, !name.contains(only) { return }
            let found = try measure()
            if !json { for figure in found { print(figure.line) } }
            figures += found
        }
        let own = try Vigild(setting, models: models, name: "own")
        try group("small") { () throws(BenchFailure) in
            try SmallRequests(setting, own).measure()
        }
        if json { print(try Report.json(figures)) }
    }
}
