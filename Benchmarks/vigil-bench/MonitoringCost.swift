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

    /// The cost of an event, model by model.
    func measure() throws(BenchFailure) -> [Figure] {
        let inputs = [
            .nullMonitored, try ModelInput.zoo("er-nr-tree", setting),
            try ModelInput.zoo("er-nr-mlp", setting),
        ]
        let models = inputs.map(\.model)
        let off = try ModelShelf(setting, name: "unmonitored", models: models)
        for model in models { try off.alter(model, "monitored", "[]") }
        let on = try ModelShelf(setting, name: "monitored", models: models)
        // One after the other, and the second takes the shapes that the first has measured.
        let cache = "cache: \(setting.work)/monitoring-cache"
        let offDaemon = try Vigild(setting, models: off.path, name: "unmonitored", extra: cache)
        let onDaemon = try Vigild(setting, models: on.path, name: "monitored", extra: cache)
        var figures: [Figure] = []
        for input in inputs {
            for (rows, window) in Self.requests {
                let request = input.request(rows: rows)
                let offLoad = try Load(offDaemon.endpoint, request)
                let onLoad = try Load(onDaemon.endpoint, request)
                figures.append(try compare(input.model, rows, window, off: offLoad, on: onLoad))
            }
        }
        return figures
    }

    private func compare(
        _ model: String,
        _ rows: Int,
        _ window: Int,
        off: Load,
        on: Load
    ) throws(BenchFailure) -> Figure {
        let seconds = Self.turnSeconds * setting.scale
        let replies = try off.replies(seconds: seconds, window: window)
        let run = { (load: Load) throws(BenchFailure) -> [Double] in
            [1e9 / (try load.rate(window: window, replies: replies) * Double(rows))]
        }
        let count = setting.isQuick ? Self.quickTurnsEach : Self.turnsEach
        let turns = try Interleaving(
            repetitions: setting.repetitions * count,
            [
                ("on", { () throws(BenchFailure) in try run(on) }),
                ("off", { () throws(BenchFailure) in try run(off) }),
            ]
        )
        let plain = Figure.median(turns.of("off"))
        let size = rows == 1 ? "one event, \(window) in flight" : "requests of \(rows)"
        return Figure(
            "\(model), monitoring on against off, \(size)",
            medianOf: zip(turns.of("on"), turns.of("off")).map { $0 - $1 },
            unit: "ns/event more than \(Figure.text(plain))",
            atMost: max(Self.allowedNanoseconds, Self.allowedShare * plain)
        )
    }
}
