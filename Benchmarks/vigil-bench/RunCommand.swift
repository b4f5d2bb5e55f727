import ArgumentParser
import CBench
import Glibc
import Lanes

/// The measures themselves.
struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Runs the measures."
    )

    @Option(help: "vigild's executable.") var vigild: String
    @Option(help: "ONNX Runtime's library.") var onnxruntime: String
    @Option(help: "Folder of the reference models.") var zoo = "Zoo/models"
    @Option(help: "Folder of what is built of the firmware.") var firmware = ".build/firmware"
    @Option(help: "Folder of the benchmark's own models.") var models: String
    @Option(help: "Data file that events are taken from.") var data = "Zoo/sample.npz"
    @Option(help: "Folder for logs and settings.") var work: String
    @Option(help: "Folder of the scripts for peers.") var peers = "Benchmarks/peers"
    @Option(help: "Python that runs them.") var python = "python3"
    @Option(help: "Interleaved repetitions.") var repetitions: Int?
    @Option(help: "Only the groups of these names.") var only: [String] = []
    @Option(help: "Folder that RESULTS.md and RESULTS.json are written to.") var output: String?
    @Flag(help: "Shorter: every ratio but growth and reload.") var quick = false
    @Flag(help: "Print JSON.") var json = false

    func validate() throws {
        if let repetitions, repetitions < 1 {
            throw ValidationError("--repetitions \(repetitions): allowed is 1 or more")
        }
        for name in only where !Groups.names.contains(name) {
            throw ValidationError(
                "--only \(name): allowed are \(Groups.names.joined(separator: ", "))"
            )
        }
    }

    func run() throws {
        // Before minutes of measuring whose result could not be kept.
        if let output, unsafe access(output, W_OK) != 0 {
            throw BenchFailure("--output \(output): there is no such folder that can be written")
        }
        cbench_keep_freed_memory()
        cbench_raise_file_limit()
        let setting = Setting(
            vigild: vigild,
            bench: CommandLine.arguments[0],
            onnxRuntime: onnxruntime,
            zoo: zoo,
            firmware: firmware,
            models: models,
            data: data,
            work: work,
            repetitions: repetitions ?? (quick ? 5 : 7),
            scale: quick ? 0.25 : 1,
            isQuick: quick,
            peers: peers,
            python: python
        )
        unsafe mkdir(work, 0o755)
        let start = MonotonicClock.now()
        var groups = Groups(setting: setting, chosen: only, printsLines: !json)
        try groups.run()
        let seconds = Double(MonotonicClock.now() - start) * 1e-9
        if !json { Progress.note("measured in \(Figure.text(seconds.rounded())) s") }
        if json { print(try Report.json(groups.figures)) }
        if let output {
            let report = Report(
                machine: Machine(setting),
                command: "Benchmarks/run"
                    + (quick ? " --quick" : "")
                    + (repetitions.map { " --repetitions \($0)" } ?? "")
                    + only.map { " --only \($0)" }.joined(),
                seconds: seconds,
                left: groups.left,
                figures: groups.figures
            )
            try report.write(to: output)
        }
        if groups.hasFailed { throw ExitCode(1) }
    }
}
