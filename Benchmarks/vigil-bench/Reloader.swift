import Glibc

/// Has a daemon load one model again and again.
struct Reloader: Sendable {
    private static let mostSeconds = 60
    /// Seldom and little: what watches must not take a processor from what is watched.
    private static let pollMicroseconds: UInt32 = 10_000

    private let process: pid_t
    private let logPath: String
    private let shelf: ModelShelf
    private let model: String

    /// Of a daemon that serves `shelf`.
    init(_ vigild: Vigild, _ shelf: ModelShelf, model: String) {
        process = vigild.process.id
        logPath = vigild.logPath
        self.shelf = shelf
        self.model = model
    }

    /// One reload, from the signal to the log line that says the model is loaded.
    ///
    /// `turn` makes the manifest differ from the one before.
    func reload(turn: Int) throws(BenchFailure) {
        let before = TextFile.size(logPath)
        try shelf.alter(model, "summary", "turn \(turn)")
        kill(process, SIGHUP)
        for _ in 0..<Self.mostSeconds * 1_000_000 / Int(Self.pollMicroseconds) {
            let added = TextFile.read(logPath, from: before) ?? ""
            if added.contains("loaded \(model) ") { return }
            usleep(Self.pollMicroseconds)
        }
        throw BenchFailure("\(model) was not loaded again within \(Self.mostSeconds) s")
    }
}
