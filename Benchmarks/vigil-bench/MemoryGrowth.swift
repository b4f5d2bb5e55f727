/// Whether a daemon's memory grows over millions of requests and hundreds of reloads.
///
/// With a control: beside the daemon a process leaks twice the limit over the run, for real, and is
/// sampled with it. The sum of both has the daemon's own ups and downs and a known leak, and the
/// estimate must catch it; if it does not, it would not have caught the daemon's either.
struct MemoryGrowth {
    private static let requests = 10_000_000
    private static let reloads = 500
    private static let samples = 100
    private static let window = 256
    private static let limitBytes = 2e6

    let setting: Setting

    /// Both.
    func measure() throws(BenchFailure) -> [Figure] {
        try overRequests() + overReloads()
    }

    private func overRequests() throws(BenchFailure) -> [Figure] {
        let shelf = try ModelShelf(setting, name: "growth", models: ["null"])
        let vigild = try Vigild(setting, models: shelf.path, name: "growth")
        let load = try Load(vigild.endpoint, ModelInput.null.request(rows: 1))
        let each = setting.requests(Self.requests) / Self.samples
        return try figures(
            vigild,
            name: "growth",
            "\(setting.requests(Self.requests)) requests"
        ) { (_) throws(BenchFailure) in
            // A tenth more warms up, every time.
            _ = try load.closed(window: Self.window, replies: each)
        }
    }

    private func overReloads() throws(BenchFailure) -> [Figure] {
        let model = "er-nr-mlp"
        let shelf = try ModelShelf(setting, name: "growth-reloads", models: ["null", model])
        let vigild = try Vigild(setting, models: shelf.path, name: "growth-reloads")
        let reloader = Reloader(vigild, shelf, model: model)
        let load = try Load(
            vigild.endpoint,
            try ModelInput.zoo(model, setting).request(rows: 64)
        )
        let each = max(1, setting.requests(Self.reloads) / Self.samples)
        return try figures(
            vigild,
            name: "growth-reloads",
            "\(each * Self.samples) reloads of \(model)"
        ) { (sample) throws(BenchFailure) in
            for turn in 0..<each { try reloader.reload(turn: sample * each + turn) }
            // Each new version does some work, as it would.
            _ = try load.closed(window: 4, replies: 100)
        }
    }

    private func figures(
        _ vigild: Vigild,
        name: String,
        _ what: String,
        _ step: (Int) throws(BenchFailure) -> Void
    ) throws(BenchFailure) -> [Figure] {
        let leak = try Leak(setting, bytes: Int(2 * Self.limitBytes) / Self.samples)
        var alone: [Int] = []
        var together: [Int] = []
        for sample in 0..<Self.samples {
            Progress.show("\(what), \(sample) % done")
            try step(sample)
            try leak.grow()
            let bytes = vigild.process.residentBytes
            alone.append(bytes)
            together.append(bytes + leak.process.residentBytes)
        }
        // For whoever wants to see how it went up.
        try TextFile.write(
            zip(alone, together).map { "\($0) \($1)" }.joined(separator: "\n") + "\n",
            to: "\(setting.work)/\(name).txt"
        )
        let estimate = GrowthEstimate(alone)
        let control = GrowthEstimate(together)
        return [
            estimate.figure(
                "growth over \(what)",
                target: "< 2, interval holds 0",
                met: estimate.isSteady(limit: Self.limitBytes)
            ),
            control.figure(
                "the same beside a real leak of \(Figure.text(2 * Self.limitBytes / 1e6)) MB",
                target: "caught",
                met: !control.isSteady(limit: Self.limitBytes)
            ),
        ]
    }
}

/// The process of `vigil-bench leak`.
private struct Leak {
    let process: ChildProcess

    init(_ setting: Setting, bytes: Int) throws(BenchFailure) {
        process = try ChildProcess(
            [setting.bench, "leak", "\(bytes)"],
            errorPath: "\(setting.work)/leak.log"
        )
    }

    /// One more leak.
    func grow() throws(BenchFailure) {
        process.write("leak")
        guard process.readLine() != nil else {
            throw BenchFailure("the leak ended: \(process.errors)")
        }
    }
}
