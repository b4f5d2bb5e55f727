/// MLPerf's Offline: events a second when there is always more to do, by events of a request and by
/// clients.
struct OfflineScenario {
    private static let rows = [1, 8, 64, 1024, 16_384]
    private static let clients = [1, 8, 64, 1000]
    private static let turnSeconds = 0.5
    /// Requests in flight of all clients, where there are fewer clients than that.
    private static let inFlight = 64
    /// More than this in flight is refused by a model's queue (256 MiB unless its manifest says so).
    private static let mostBytes = 128 << 20
    /// Full repetitions would take half an hour.
    private static let mostRepetitions = 3

    let setting: Setting
    let vigild: Vigild

    /// Every size with every number of clients, or one client alone.
    func measure(
        _ inputs: [ModelInput],
        isMatrix: Bool
    ) throws(BenchFailure) -> [Figure] {
        var figures: [Figure] = []
        for input in inputs {
            for rows in isMatrix ? Self.rows : [1, 1024] {
                let bytes = rows * input.width * 4
                guard bytes <= Self.mostBytes else {
                    Progress.note("skipped \(input.model), \(rows) events: \(bytes >> 20) MiB each")
                    continue
                }
                let request = input.request(rows: rows)
                for clients in isMatrix ? Self.clients : [1] {
                    guard clients * bytes <= Self.mostBytes else {
                        Progress.note(
                            "skipped \(input.model), \(rows) events, \(clients) clients: "
                                + "\(clients * bytes >> 20) MiB in flight"
                        )
                        continue
                    }
                    figures.append(try measure(input, request, clients))
                }
            }
        }
        return figures
    }

    private func measure(
        _ input: ModelInput,
        _ request: PreparedRequest,
        _ clients: Int
    ) throws(BenchFailure) -> Figure {
        let most = min(Self.inFlight, Self.mostBytes / (request.rows * input.width * 4))
        let window = max(1, most / clients)
        let load = try Load(vigild.endpoint, request, clients: clients)
        let replies = try load.replies(
            seconds: Self.turnSeconds * setting.scale,
            window: window * clients
        )
        let turns = try Interleaving(
            repetitions: min(setting.repetitions, Self.mostRepetitions),
            [
                (
                    "\(input.model) of \(request.rows) by \(clients)",
                    { () throws(BenchFailure) in
                        [Double(request.rows) * (try load.rate(window: window, replies: replies))]
                    }
                )
            ]
        )
        return Figure(
            "\(input.model), Offline, requests of \(request.rows), \(clients) clients",
            turns.of("\(input.model) of \(request.rows) by \(clients)"),
            unit: "events/s"
        )
    }
}
