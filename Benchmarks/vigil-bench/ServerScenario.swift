/// MLPerf's Server: requests come by a Poisson process whatever is answered, and count from the
/// moment they were due; the figure is the highest rate whose p99 stays within the limit.
struct ServerScenario {
    private static let limitMicroseconds = 10_000.0
    /// Halvings of the range between a rate that holds and one that does not: to 3 %.
    private static let steps = 6
    private static let window = 256
    /// Of one trial; at least `fewest` requests, so that a p99 stands on some.
    private static let trialSeconds = 2.0
    private static let fewest = 500
    private static let delays = ["auto", "100", "500", "2000"]
    /// Nothing of it has a target.
    private static let quickRepetitions = 3

    let setting: Setting
    let vigild: Vigild

    /// Rates of single events.
    func measure(_ inputs: [ModelInput]) throws(BenchFailure) -> [Figure] {
        var figures: [Figure] = []
        for input in inputs {
            let load = try Load(vigild.endpoint, input.request(rows: 1))
            let replies = try load.replies(seconds: 0.2, window: Self.window)
            var seed: UInt64 = 0
            let turns = try Interleaving(
                repetitions: setting.isQuick ? Self.quickRepetitions : setting.repetitions,
                [
                    (
                        input.model,
                        { () throws(BenchFailure) in
                            seed += 1
                            let most = try load.rate(window: Self.window, replies: replies)
                            return [try highestRate(load, most: most, seed: seed), most]
                        }
                    )
                ]
            )
            figures.append(
                Figure(
                    "\(input.model), Server: highest Poisson rate with p99 within 10 ms",
                    turns.of(input.model),
                    unit: "requests/s",
                    over: "the closed loop of \(Self.window)",
                    turns.of(input.model, 1)
                )
            )
        }
        return figures
    }

    /// The highest rates of one model when micro-batches wait for more events, over those when they
    /// do not.
    static func delays(_ setting: Setting) throws(BenchFailure) -> [Figure] {
        let input = try ModelInput.zoo("er-nr-mlp", setting)
        var daemons: [Vigild] = []
        var contestants: [(name: String, run: () throws(BenchFailure) -> [Double])] = []
        for delay in ["0"] + delays {
            let name = "delay-\(delay)"
            let shelf = try ModelShelf(setting, name: name, models: [input.model])
            try shelf.alter(
                input.model,
                "batching",
                "{maximum_rows: 1024, delay_microseconds: \(delay)}"
            )
            let vigild = try Vigild(setting, models: shelf.path, name: name)
            daemons.append(vigild)
            let scenario = ServerScenario(setting: setting, vigild: vigild)
            let load = try Load(vigild.endpoint, input.request(rows: 1))
            let replies = try load.replies(seconds: 0.2, window: window)
            var seed: UInt64 = 0
            contestants.append(
                (
                    name,
                    { () throws(BenchFailure) in
                        seed += 1
                        let most = try load.rate(window: window, replies: replies)
                        return [try scenario.highestRate(load, most: most, seed: seed)]
                    }
                )
            )
        }
        let turns = try Interleaving(repetitions: setting.repetitions, contestants)
        return delays.map { delay in
            Figure(
                "\(input.model), Server, delay_microseconds: \(delay)",
                turns.of("delay-\(delay)"),
                unit: "requests/s",
                over: "not waiting",
                turns.of("delay-0")
            )
        }
    }

    private func highestRate(
        _ load: Load,
        most: Double,
        seed: UInt64
    ) throws(BenchFailure) -> Double {
        var holds = 0.0
        var fails = most * 1.5
        for step in 0..<Self.steps {
            let rate = (holds + fails) / 2
            Progress.show("\(Int(rate)) requests/s, step \(step + 1) of \(Self.steps)")
            let requests = max(Self.fewest, Int(rate * Self.trialSeconds * setting.scale))
            let outcome = try load.poisson(
                perSecond: rate,
                requests: requests,
                seed: seed &* 1000 &+ UInt64(step),
                allowsRefusals: true
            )
            let tail = Percentiles(outcome.latencies).microseconds(99)
            if outcome.refusals == 0, tail <= Self.limitMicroseconds {
                holds = rate
            } else {
                fails = rate
            }
        }
        return holds
    }
}
