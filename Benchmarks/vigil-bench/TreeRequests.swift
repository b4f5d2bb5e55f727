/// Boosted trees, over XGBoost's own inplace_predict on one thread.
struct TreeRequests {
    /// What the script of XGBoost prints of a turn.
    struct Turn: Decodable {
        let peer: String
        let nanosecondsPerEvent: Double

        enum CodingKeys: String, CodingKey {
            case peer
            case nanosecondsPerEvent = "nanoseconds_per_event"
        }
    }

    private static let rows = 1024
    private static let window = 8
    private static let turnSeconds = 1.0
    /// Of the engine alone, with the instructions that its fastest form needs and without.
    private static let ratioWithBytePermutes = 10.0
    private static let ratioWithout = 5.0
    private static let singleNanoseconds = 1000.0

    let setting: Setting
    let vigild: Vigild

    /// Through the daemon, and the engine alone in this process.
    func measure() throws(BenchFailure) -> [Figure] {
        let input = try ModelInput.zoo("er-nr-tree", setting)
        let model = "\(setting.zoo)/er-nr-tree/1/model.json"
        let peer = try LinePeer(
            setting,
            "xgboost_inplace.py",
            [model, "--data", setting.data, "--seconds", "1"]
        )
        let name = try peer.turn(Turn.self, rows: Self.rows).peer
        let load = try Load(vigild.endpoint, input.request(rows: Self.rows))
        let alone = try RawRuntime(trees: model, input, rows: Self.rows)
        let single = try RawRuntime(trees: model, input, rows: 1)
        let seconds = Self.turnSeconds * setting.scale
        let replies = try load.replies(seconds: seconds, window: Self.window)
        let runs = try alone.runs(seconds: seconds)
        let singleRuns = try single.runs(seconds: seconds / 4)
        let turns = try Interleaving(
            repetitions: setting.repetitions,
            [
                (
                    "vigild",
                    { () throws(BenchFailure) in
                        [Double(Self.rows) * (try load.rate(window: Self.window, replies: replies))]
                    }
                ),
                ("alone", { () throws(BenchFailure) in [try alone.rate(runs: runs)] }),
                (
                    "single",
                    { () throws(BenchFailure) in
                        [1e9 / (try single.rate(runs: singleRuns))]
                    }
                ),
                (
                    "XGBoost",
                    { () throws(BenchFailure) in
                        [1e9 / (try peer.turn(Turn.self, rows: Self.rows).nanosecondsPerEvent)]
                    }
                ),
            ]
        )
        let hasBytePermutes = Machine.hasInstructions("avx512_vbmi")
        return [
            Figure(
                "er-nr-tree, engine alone, \(Self.rows) events at a time, "
                    + (hasBytePermutes ? "AVX-512 VBMI" : "no AVX-512 VBMI here"),
                turns.of("alone"),
                unit: "events/s",
                over: name,
                turns.of("XGBoost"),
                target: .atLeast(hasBytePermutes ? Self.ratioWithBytePermutes : Self.ratioWithout)
            ),
            Figure(
                "er-nr-tree, engine alone, one event",
                turns.of("single"),
                unit: "ns",
                target: .atMost(Self.singleNanoseconds)
            ),
            Figure(
                "er-nr-tree, calibrated, requests of \(Self.rows)",
                turns.of("vigild"),
                unit: "events/s",
                over: name,
                turns.of("XGBoost")
            ),
        ]
    }
}
