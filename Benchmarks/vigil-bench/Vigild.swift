import Glibc

/// A vigild of this benchmark's own, on a folder of models.
final class Vigild {
    /// Where it listens.
    let endpoint: String
    /// The process.
    let process: ChildProcess
    /// Its log.
    let logPath: String

    private static let startSeconds = 120

    /// Starts it and waits until it is ready.
    init(
        _ setting: Setting,
        models: String,
        name: String,
        extra: String = "",
        under wrapper: [String] = []
    ) throws(BenchFailure) {
        let folder = "\(setting.work)/\(name)"
        unsafe mkdir(folder, 0o755)
        try TextFile.write(
            """
            models: \(models)
            onnxruntime: \(setting.onnxRuntime)
            zeromq:
              endpoints: ["tcp://127.0.0.1:*"]
            \(extra)
            http:
              enabled: false

            """,
            to: "\(folder)/vigild.yaml"
        )
        let log = "\(folder)/vigild.log"
        logPath = log
        process = try ChildProcess(
            wrapper + [setting.vigild, "--config", "\(folder)/vigild.yaml"],
            errorPath: log
        )
        var found: String?
        for _ in 0..<Self.startSeconds * 20 {
            let text = TextFile.read(log) ?? ""
            if text.contains("readiness state=ready"),
                let word = text.split(whereSeparator: \.isWhitespace).first(where: {
                    $0.hasPrefix("endpoint=")
                })
            {
                found = String(word.dropFirst("endpoint=".count))
                break
            }
            guard process.isRunning else { break }
            usleep(50_000)
        }
        guard let found else { throw BenchFailure("vigild did not start: \(process.errors)") }
        endpoint = found
    }
}
