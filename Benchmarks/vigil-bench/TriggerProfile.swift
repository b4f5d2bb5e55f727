/// A trigger farm: 1,000 requests a second of few events, by a Poisson process, to the trigger network
/// as software and on an emulated card.
///
/// Latency counts from the moment a request was due. An emulated card is a simulation on the same
/// processors: its times say what the daemon and the driver add, not what a card would take.
struct TriggerProfile {
    private static let model = ModelShelf.firmware
    private static let perSecond = 1000.0
    private static let turnSeconds = 10.0
    private static let counts = [1, 8, 64]
    private static let percentiles = [50.0, 99, 99.9]
    private static let repetitions = 3

    let setting: Setting

    /// Percentiles of latencies beside those of an echo of the same frames.
    func measure() throws(BenchFailure) -> [Figure] {
        let input = try ModelInput.zoo("er-nr-mlp", setting).asked(of: Self.model)
        let software = try daemon("firmware-software")
        let card = try daemon("xrt-emulated:0")
        var figures: [Figure] = []
        for count in Self.counts {
            let loads = [
                try Load(software.endpoint, input.request(rows: count)),
                try Load(card.endpoint, input.request(rows: count)),
            ]
            let echo = try EchoServer(setting, frames: try loads[0].sample())
            let echoLoad = try Load(echo.endpoint, input.request(rows: count))
            let names = ["the interpreter", "the emulated card", "echo"]
            let turns = try Interleaving(
                repetitions: Self.repetitions,
                zip(names, loads + [echoLoad]).map { name, load in
                    var seed: UInt64 = 0
                    return (
                        name,
                        { () throws(BenchFailure) in
                            seed += 1
                            return try percentiles(load, seed: seed)
                        }
                    )
                }
            )
            for name in names.dropLast() {
                figures += Self.percentiles.indices.map { index in
                    Figure(
                        "trigger-mlp on \(name), \(count == 1 ? "1 event" : "\(count) events")"
                            + " at 1,000 requests/s, p\(Figure.text(Self.percentiles[index]))",
                        turns.of(name, index),
                        unit: "us",
                        over: "an echo of the same frames",
                        turns.of("echo", index)
                    )
                }
            }
        }
        return figures
    }

    private func percentiles(_ load: Load, seed: UInt64) throws(BenchFailure) -> [Double] {
        let outcome = try load.poisson(
            perSecond: Self.perSecond,
            requests: Int(Self.perSecond * Self.turnSeconds * setting.scale),
            seed: seed
        )
        let found = Percentiles(outcome.latencies)
        return Self.percentiles.map { found.microseconds($0) }
    }

    private func daemon(_ device: String) throws(BenchFailure) -> Vigild {
        let name = "trigger-\(device.prefix { $0 != ":" })"
        let shelf = try ModelShelf(setting, name: name, models: [Self.model])
        try shelf.alter(Self.model, "device", device)
        return try Vigild(
            setting,
            models: shelf.path,
            name: name,
            extra: "xrt: \(setting.firmware)/card/xrt"
        )
    }
}
