/// What intervals and p-values cost: calibrated answers against the same model's raw outputs.
struct CalibrationCost {
    /// Models, the outputs that both answers are asked for, those with an uncertainty, and how many
    /// requests are in flight: of the slowest one runs, one waits, and one is on its way.
    private static let models = [
        ("er-nr-mlp", ["margin"], 8), ("er-nr-tree", ["margin"], 8),
        ("position-cnn", ["x", "y"], 3), ("pattern-autoencoder", ["score"], 8),
    ]
    private static let rows = 1024
    /// Short turns and many: a difference of some per cent is less than the machine drifts in one.
    private static let turnSeconds = 0.08
    private static let turnsEach = 30
    private static let quickTurnsEach = 15
    /// Allowed are the larger of these.
    private static let allowedShare = 0.05
    private static let allowedNanoseconds = 40.0

    let setting: Setting
    let vigild: Vigild

    /// The cost of every model's calibration, and apart from it that of the bytes its replies are
    /// longer by: echoes of both replies say that.
    ///
    /// What is judged is the cost without those bytes.
    func measure() throws(BenchFailure) -> [Figure] {
        var figures: [Figure] = []
        for (model, outputs, window) in Self.models {
            figures += try measure(try ModelInput.zoo(model, setting), outputs, window)
        }
        return figures
    }

    private func measure(
        _ input: ModelInput,
        _ outputs: [String],
        _ window: Int
    ) throws(BenchFailure) -> [Figure] {
        let on = input.request(rows: Self.rows, outputs: outputs)
        let off = input.request(rows: Self.rows, isRaw: true, outputs: outputs)
        let onLoad = try Load(vigild.endpoint, on)
        let offLoad = try Load(vigild.endpoint, off)
        let onFrames = try onLoad.sample()
        let offFrames = try offLoad.sample()
        let onEcho = try EchoServer(setting, frames: onFrames)
        let offEcho = try EchoServer(setting, frames: offFrames)
        let onEchoLoad = try Load(onEcho.endpoint, on)
        let offEchoLoad = try Load(offEcho.endpoint, off)
        let seconds = Self.turnSeconds * setting.scale
        let replies = try onLoad.replies(seconds: seconds, window: window)
        let echoes = try onEchoLoad.replies(seconds: seconds / 2, window: window)
        let run = { (load: Load, replies: Int) throws(BenchFailure) -> [Double] in
            let rate = try load.rate(window: window, replies: replies)
            return [1e9 / (rate * Double(Self.rows))]
        }
        // Two and two, so that none always comes after something that left the caches another way.
        let count = setting.isQuick ? Self.quickTurnsEach : Self.turnsEach
        let turns = try Interleaving(
            repetitions: setting.repetitions * count,
            [
                ("on", { () throws(BenchFailure) in try run(onLoad, replies) }),
                ("off", { () throws(BenchFailure) in try run(offLoad, replies) }),
            ]
        )
        let echoTurns = try Interleaving(
            repetitions: setting.repetitions * count,
            [
                ("on", { () throws(BenchFailure) in try run(onEchoLoad, echoes) }),
                ("off", { () throws(BenchFailure) in try run(offEchoLoad, echoes) }),
            ]
        )
        let plain = Figure.median(turns.of("off"))
        let extra = zip(turns.of("on"), turns.of("off")).map { $0 - $1 }
        let bytes = zip(echoTurns.of("on"), echoTurns.of("off")).map { $0 - $1 }
        let size = { (frames: [[UInt8]]) in frames.reduce(0) { $0 + $1.count } }
        let both = [size(onFrames), size(offFrames)].map(String.init).joined(separator: " and ")
        let allowed = max(Self.allowedNanoseconds, Self.allowedShare * plain)
        return [
            Figure(
                "\(input.model), calibration on against off, requests of \(Self.rows)",
                medianOf: zip(extra, bytes).map { $0 - $1 },
                unit: "ns/event more than \(Figure.text(plain))",
                atMost: allowed
            ),
            Figure(
                "\(input.model), the same with the bytes of its replies",
                medianOf: extra,
                unit: "ns/event"
            ),
            Figure(
                "\(input.model), echoes of both replies (\(both) bytes)",
                medianOf: bytes,
                unit: "ns/event"
            ),
        ]
    }
}
