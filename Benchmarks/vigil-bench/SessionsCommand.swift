import ArgumentParser
import Glibc

/// What models weigh by themselves: sessions of ONNX Runtime and nothing else.
///
/// Prints resident bytes before the library is opened, and after every model ran one micro-batch
/// of the given rows. What lies between is the library, its sessions, and the tensors of one
/// micro-batch. Freed memory goes back to the system, so nothing of the loading is counted.
struct SessionsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sessions",
        abstract: "Loads ONNX models by ONNX Runtime alone and prints what they weigh."
    )

    @Option(help: "ONNX Runtime's library.") var onnxruntime: String
    @Argument(help: "ROWS:PATH of each artefact.") var artefacts: [String]

    func run() throws {
        let before = ProcessStatus.residentBytes("self")
        var runtimes: [RawRuntime] = []
        for artefact in artefacts {
            let parts = artefact.split(separator: ":", maxSplits: 1)
            guard parts.count == 2, let rows = Int(parts[0]), rows > 0 else {
                throw BenchFailure("found \(artefact), allowed is ROWS:PATH")
            }
            let runtime = try RawRuntime(
                library: onnxruntime,
                artefact: String(parts[1]),
                rows: rows
            )
            _ = try runtime.rate(runs: 1)
            runtimes.append(runtime)
        }
        let after = ProcessStatus.residentBytes("self")
        print("\(before) \(after) \(runtimes.count)")
    }
}
