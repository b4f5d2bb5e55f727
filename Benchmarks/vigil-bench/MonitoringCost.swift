/// What watching values for drift costs: a daemon whose models have references against one whose
/// manifests name nothing to be monitored.
struct MonitoringCost {
    /// Requests of so many events, so many in flight.
    private static let requests = [(rows: 1024, window: 8), (rows: 1, window: 64)]
    /// Short turns and many: a difference of some per cent is less than the machine drifts in one.
    private static let turnSeconds = 0.08
    private static let turnsEach = 30
    private static let quickTurnsEach = 15
    /// Allowed are the larger of these.
    private static let allowedShare = 0.05
    private static let allowedNanoseconds = 40.0

    let setting: Setting

    /// The cost of an event, model by model: the median over repetitions of the median over turns.
    ///
    /// Every repetition has two new daemons: which memory and processors a process has got stays with
    /// it, and makes more of a difference than what is measured.
    func measure() throws(BenchFailure) -> [Figure] {
        let inputs = [
            .nullMonitored, try ModelInput.zoo("er-nr-tree", setting),
            try ModelInput.zoo("er-nr-mlp", setting),
        ]
        let models = inputs.map(\.model)
        let off = try ModelShelf(setting, name: "unmonitored", models: models)
        for model in models { try off.alter(model, "monitored", "[]") }
        let on = try ModelShelf(setting, name: "monitored", models: models)
        let measures = inputs.flatMap { input in
            Self.requests.map { (input: input, rows: $0.rows, window: $0.window) }
        }
        var costs = [[Double]](repeating: [], count: measures.count)
        var plain = costs
        for _ in 0..<setting.repetitions {
            // All take the shapes that the first one measures.
            let cache = "cache: \(setting.work)/monitoring-cache"
            let offDaemon = try Vigild(setting, models: off.path, name: "unmonitored", extra: cache)
            let onDaemon = try Vigild(setting, models: on.path, name: "monitored", extra: cache)
            for (place, measure) in measures.enumerated() {
                let request = measure.input.request(rows: measure.rows)
                let turns = try turns(
                    measure.rows,
                    measure.window,
                    off: try Load(offDaemon.endpoint, request),
                    on: try Load(onDaemon.endpoint, request)
                )
                let more = zip(turns.of("on"), turns.of("off")).map { $0 - $1 }
                costs[place].append(Figure.median(more))
                plain[place].append(Figure.median(turns.of("off")))
            }
        }
        return measures.indices.map { place in
            let (input, rows, window) = measures[place]
            let size = rows == 1 ? "one event, \(window) in flight" : "requests of \(rows)"
            let plain = Figure.median(plain[place])
            return Figure(
                "\(input.model), monitoring on against off, \(size)",
                medianOf: costs[place],
                unit: "ns/event more than \(Figure.text(plain))",
                atMost: max(Self.allowedNanoseconds, Self.allowedShare * plain)
            )
        }
    }

    /// Nanoseconds of an event.
    private func turns(
        _ rows: Int,
        _ window: Int,
        off: Load,
        on: Load
    ) throws(BenchFailure) -> Interleaving {
        let seconds = Self.turnSeconds * setting.scale
        let replies = try off.replies(seconds: seconds, window: window)
        let run = { (load: Load) throws(BenchFailure) -> [Double] in
            [1e9 / (try load.rate(window: window, replies: replies) * Double(rows))]
        }
        return try Interleaving(
            repetitions: setting.isQuick ? Self.quickTurnsEach : Self.turnsEach,
            [
                ("on", { () throws(BenchFailure) in try run(on) }),
                ("off", { () throws(BenchFailure) in try run(off) }),
            ]
        )
    }
}
