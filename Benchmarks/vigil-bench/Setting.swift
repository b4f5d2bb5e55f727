/// Where things are: what every scenario needs.
struct Setting: Sendable {
    /// The daemon's executable.
    let vigild: String
    /// This executable, which is also the echo.
    let bench: String
    /// ONNX Runtime's library.
    let onnxRuntime: String
    /// The reference models.
    let zoo: String
    /// What is built of the reference firmware: the emulated card and the models with its kernel.
    let firmware: String
    /// Models of the benchmark's own: null, null-monitored, cnn, large.
    let models: String
    /// Events that requests are made of.
    let data: String
    /// Folder for what the run writes.
    let work: String
    /// Interleaved repetitions of every measure.
    let repetitions: Int
    /// Share of the full number of requests that a measure takes.
    let scale: Double
    /// Whether only what has a target is measured, and that briefly.
    let isQuick: Bool
    /// Scripts that start and load peers, and the Python that runs them.
    let peers: String
    let python: String

    /// `count` requests at full length, fewer in a quick run.
    func requests(_ count: Int) -> Int { max(1, Int(Double(count) * scale)) }
}
