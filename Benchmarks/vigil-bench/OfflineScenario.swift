/// MLPerf's Offline: events a second when there is always more to do, by events of a request and by
/// clients.
struct OfflineScenario {
    private static let rows = [1, 8, 64, 1024, 16_384]
    private static let clients = [1, 8, 64, 1000]
    private static let turnSeconds = 0.5
    /// Requests and events in flight of all clients, unless there are more clients than that.
    private static let inFlight = 64
    private static let eventsInFlight = 65_536
    /// More than this in flight is refused by a model's queue (256 MiB unless its manifest says so).
    private static let mostBytes = 128 << 20
    /// A cell whose clients' first requests alone take longer is left out.
    private static let mostSeconds = 5.0
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
                figures += try measure(input, rows: rows, isMatrix ? Self.clients : [1])
            }
        }
        return figures
    }

    /// One size with these numbers of clients, the fewest first.
    private func measure(
        _ input: ModelInput,
        rows: Int,
        _ clients: [Int]
    ) throws(BenchFailure) -> [Figure] {
        var figures: [Figure] = []
        let bytes = rows * input.width * 4
        for count in clients {
            let seconds = figures.first.map { Double(count * rows) / $0.value } ?? 0
            guard count * bytes <= Self.mostBytes, seconds <= Self.mostSeconds else {
                Progress.note(
                    "left out: \(input.model), Offline, requests of \(rows), \(count) clients: "
                        + "\((count * bytes) >> 20) MiB and \(Figure.text(seconds)) s in flight"
                )
                continue
            }
            figures.append(try measure(input, input.request(rows: rows), count))
        }
        return figures
    }

    private func measure(
        _ input: ModelInput,
        _ request: PreparedRequest,
        _ clients: Int
    ) throws(BenchFailure) -> Figure {
        let bytes = request.rows * input.width * 4
        let most = min(
            Self.inFlight,
            min(Self.eventsInFlight / request.rows, Self.mostBytes / bytes)
        )
        let window = max(1, most / clients)
        let load = try Load(vigild.endpoint, request, clients: clients)
        let replies = try load.replies(
            seconds: Self.turnSeconds * setting.scale,
            window: window
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
            "\(input.model), Offline, requests of \(request.rows), clients: \(clients)",
            turns.of("\(input.model) of \(request.rows) by \(clients)"),
            unit: "events/s"
        )
    }
}
