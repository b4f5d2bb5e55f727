/// Requests of 1,024 events, over ONNX Runtime called directly with the same one thread.
struct LargeRequests {
    private static let rows = 1024
    private static let turnSeconds = 1.0
    private static let batches = [8, 16, 32, 64, 128, 256, 512, 1024]

    let setting: Setting
    let vigild: Vigild

    /// The MLP ensemble and the convolutions.
    func measure() throws(BenchFailure) -> [Figure] {
        try ensemble() + convolutions()
    }

    private var seconds: Double { Self.turnSeconds * setting.scale }

    private func ensemble() throws(BenchFailure) -> [Figure] {
        let input = try ModelInput.zoo("er-nr-mlp", setting)
        let window = 8
        let calibrated = try Load(vigild.endpoint, input.request(rows: Self.rows))
        let plain = try Load(vigild.endpoint, input.request(rows: Self.rows, isRaw: true))
        let direct = try RawRuntime(setting, input, rows: Self.rows)
        let server = try EchoServer(
            setting,
            running: input,
            rows: Self.rows,
            frames: try plain.sample()
        )
        let inC = try Load(server.endpoint, input.request(rows: Self.rows, isRaw: true))
        let replies = try calibrated.replies(seconds: seconds, window: window)
        let runs = try direct.runs(seconds: seconds)
        let rate = { (load: Load) throws(BenchFailure) -> [Double] in
            [Double(Self.rows) * (try load.rate(window: window, replies: replies))]
        }
        let turns = try Interleaving(
            repetitions: setting.repetitions,
            [
                ("calibrated", { () throws(BenchFailure) in try rate(calibrated) }),
                ("raw", { () throws(BenchFailure) in try rate(plain) }),
                ("direct", { () throws(BenchFailure) in [try direct.rate(runs: runs)] }),
                ("in C", { () throws(BenchFailure) in try rate(inC) }),
            ]
        )
        let judged = ["calibrated", "raw"].map { name in
            Figure(
                "er-nr-mlp, \(name), requests of \(Self.rows)",
                turns.of(name),
                unit: "events/s",
                over: "ONNX Runtime in process at batch \(Self.rows)",
                turns.of("direct"),
                target: .atLeast(0.9)
            )
        }
        return judged + limits("er-nr-mlp, raw", turns, over: "direct", "at batch \(Self.rows)")
    }

    private func convolutions() throws(BenchFailure) -> [Figure] {
        let input = ModelInput.cnn
        // 16 MiB each: one runs, one waits, one is on its way.
        let window = 3
        let load = try Load(vigild.endpoint, input.request(rows: Self.rows))
        let naive = try RawRuntime(setting, input, rows: Self.rows)
        let (best, batch) = try bestBatch(input)
        let replies = try load.replies(seconds: seconds, window: window)
        let naiveRuns = try naive.runs(seconds: seconds)
        let bestRuns = try best.runs(seconds: seconds)
        let server = try EchoServer(
            setting,
            running: input,
            rows: batch,
            frames: try load.sample()
        )
        let inC = try Load(server.endpoint, input.request(rows: Self.rows))
        let rate = { (load: Load) throws(BenchFailure) -> [Double] in
            [Double(Self.rows) * (try load.rate(window: window, replies: replies))]
        }
        let turns = try Interleaving(
            repetitions: setting.repetitions,
            [
                ("raw", { () throws(BenchFailure) in try rate(load) }),
                ("in C", { () throws(BenchFailure) in try rate(inC) }),
                ("naive", { () throws(BenchFailure) in [try naive.rate(runs: naiveRuns)] }),
                ("best", { () throws(BenchFailure) in [try best.rate(runs: bestRuns)] }),
            ]
        )
        return [
            Figure(
                "cnn, requests of \(Self.rows)",
                turns.of("raw"),
                unit: "events/s",
                over: "ONNX Runtime in process at batch \(Self.rows)",
                turns.of("naive"),
                target: .atLeast(1.4)
            ),
            Figure(
                "cnn, requests of \(Self.rows)",
                turns.of("raw"),
                unit: "events/s",
                over: "ONNX Runtime in process at its best batch, \(batch)",
                turns.of("best"),
                target: .atLeast(0.95)
            ),
            Figure(
                "cnn, ONNX Runtime in process at its best batch, \(batch)",
                turns.of("best"),
                unit: "events/s",
                over: "ONNX Runtime in process at batch \(Self.rows)",
                turns.of("naive")
            ),
        ] + limits("cnn", turns, over: "best", "at its best batch, \(batch)")
    }

    /// What the server in C reaches, and vigild over it.
    private func limits(
        _ name: String,
        _ turns: Interleaving,
        over direct: String,
        _ batch: String
    ) -> [Figure] {
        let inC = "a server in C that runs the model"
        return [
            Figure(
                "\(name), requests of \(Self.rows)",
                turns.of("raw"),
                unit: "events/s",
                over: inC,
                turns.of("in C")
            ),
            Figure(
                "\(name), \(inC), requests of \(Self.rows)",
                turns.of("in C"),
                unit: "events/s",
                over: "ONNX Runtime in process \(batch)",
                turns.of(direct)
            ),
        ]
    }

    /// The batch with the most events a second, by the median of interleaved trials.
    private func bestBatch(_ input: ModelInput) throws(BenchFailure) -> (RawRuntime, Int) {
        var runtimes: [RawRuntime] = []
        for batch in Self.batches { runtimes.append(try RawRuntime(setting, input, rows: batch)) }
        let turns = try Interleaving(
            repetitions: setting.repetitions,
            runtimes.map { runtime in
                let events = 2048
                return (
                    "batch \(runtime.rows)",
                    { () throws(BenchFailure) in
                        [try runtime.rate(runs: events / runtime.rows)]
                    }
                )
            }
        )
        var best = (runtimes[0], -1.0)
        for runtime in runtimes {
            let rate = Figure.median(turns.of("batch \(runtime.rows)"))
            if rate > best.1 { best = (runtime, rate) }
        }
        return (best.0, best.0.rows)
    }
}
