/// MLPerf's SingleStream and MultiStream: the next query when the last was answered, of one event
/// or of eight.
struct StreamScenarios {
    private static let multiStreamRows = 8
    private static let percentiles = [50.0, 90, 99]
    private static let turnSeconds = 1.0

    let setting: Setting
    let vigild: Vigild

    /// Latencies of every model; of SingleStream's null model see SmallRequests.
    func measure(_ inputs: [ModelInput]) throws(BenchFailure) -> [Figure] {
        var figures: [Figure] = []
        for input in inputs {
            for rows in [1, Self.multiStreamRows] {
                let scenario = rows == 1 ? "SingleStream" : "MultiStream of \(rows) events"
                let load = try Load(vigild.endpoint, input.request(rows: rows))
                let echo = try EchoServer(setting, frames: try load.sample())
                let echoLoad = try Load(echo.endpoint, input.request(rows: rows))
                let replies = try load.replies(
                    seconds: Self.turnSeconds * setting.scale,
                    window: 1
                )
                let run = { (load: Load) throws(BenchFailure) -> [Double] in
                    try load.streamPercentiles(Self.percentiles, replies: replies)
                }
                let turns = try Interleaving(
                    repetitions: setting.repetitions,
                    [
                        (input.model, { () throws(BenchFailure) in try run(load) }),
                        ("echo", { () throws(BenchFailure) in try run(echoLoad) }),
                    ]
                )
                figures += Self.percentiles.indices.map { index in
                    Figure(
                        "\(input.model), \(scenario) p\(Int(Self.percentiles[index]))",
                        turns.of(input.model, index),
                        unit: "us",
                        over: "an echo of the same frames",
                        turns.of("echo", index)
                    )
                }
            }
        }
        return figures
    }
}
