import Glibc

/// Has a daemon load one model again and again.
struct Reloader: Sendable {
    private static let mostSeconds = 60
    private static let pollMicroseconds: UInt32 = 2_000

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
        let before = loads()
        try shelf.alter(model, "turn \(turn)")
        kill(process, SIGHUP)
        for _ in 0..<Self.mostSeconds * 1_000_000 / Int(Self.pollMicroseconds) {
            if loads() > before { return }
            usleep(Self.pollMicroseconds)
        }
        throw BenchFailure("\(model) was not loaded again within \(Self.mostSeconds) s")
    }

    private func loads() -> Int {
        (TextFile.read(logPath) ?? "").split(separator: "loaded \(model) ").count
    }
}
