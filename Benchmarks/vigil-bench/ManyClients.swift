/// A thousand clients against eight.
struct ManyClients {
    private static let many = 1000
    private static let few = 8
    private static let turnSeconds = 1.0

    let setting: Setting
    let vigild: Vigild

    /// With one request in flight each, and with as many in flight in total.
    func measure() throws(BenchFailure) -> [Figure] {
        let request = ModelInput.null.request(rows: 1)
        let many = try Load(vigild.endpoint, request, clients: Self.many)
        let few = try Load(vigild.endpoint, request, clients: Self.few)
        let echo = try EchoServer(setting, frames: try few.sample())
        let manyEcho = try Load(echo.endpoint, request, clients: Self.many)
        let fewEcho = try Load(echo.endpoint, request, clients: Self.few)
        let share = Self.many / Self.few
        func contestant(
            _ name: String,
            _ load: Load,
            _ window: Int
        ) throws(BenchFailure) -> (name: String, run: () throws(BenchFailure) -> [Double]) {
            let replies = try load.replies(
                seconds: Self.turnSeconds * setting.scale,
                window: window
            )
            return (
                name,
                { () throws(BenchFailure) in [try load.rate(window: window, replies: replies)] }
            )
        }
        let turns = try Interleaving(
            repetitions: setting.repetitions,
            [
                try contestant("many", many, 1),
                try contestant("few", few, 1),
                try contestant("busy", few, share),
                try contestant("many, echo", manyEcho, 1),
                try contestant("busy, echo", fewEcho, share),
            ]
        )
        return [
            Figure(
                "null, \(Self.many) clients with one request in flight each",
                turns.of("many"),
                unit: "requests/s",
                over: "\(Self.few) such clients",
                turns.of("few"),
                target: .atLeast(1.2)
            ),
            Figure(
                "null, \(Self.many) clients over \(Self.few) at \(Self.many) in flight in total",
                turns.ratios("many", "busy"),
                unit: "of \(Self.few) clients",
                over: "the same ratio of an echo of the same frames",
                turns.ratios("many, echo", "busy, echo"),
                target: .atLeast(0.9)
            ),
        ]
    }
}
