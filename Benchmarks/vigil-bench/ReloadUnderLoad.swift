import Lanes
import Synchronization

/// Latencies of small models while a large one is loaded again and again.
struct ReloadUnderLoad {
    private static let perSecond = 500.0
    private static let turnSeconds = 8.0
    private static let target = 1.5
    private static let large = "large"

    let setting: Setting

    /// p99 of single events of two models, before and during reloads.
    func measure() throws(BenchFailure) -> [Figure] {
        let shelf = try ModelShelf(
            setting,
            name: "reload",
            models: ["null", Self.large, "er-nr-mlp"]
        )
        let vigild = try Vigild(setting, models: shelf.path, name: "reload")
        let reloader = Reloader(vigild, shelf, model: Self.large)
        let inputs = [ModelInput.null, try ModelInput.zoo("er-nr-mlp", setting)]
        var contestants: [(name: String, run: () throws(BenchFailure) -> [Double])] = []
        var seed: UInt64 = 0
        var turn = 0
        for input in inputs {
            let load = try Load(vigild.endpoint, input.request(rows: 1))
            let tail = { () throws(BenchFailure) -> Double in
                seed += 1
                let outcome = try load.poisson(
                    perSecond: Self.perSecond,
                    requests: Int(Self.perSecond * Self.turnSeconds * setting.scale),
                    seed: seed
                )
                return Percentiles(outcome.latencies).microseconds(99)
            }
            contestants.append(
                ("\(input.model), before", { () throws(BenchFailure) in [try tail()] })
            )
            contestants.append(
                (
                    "\(input.model), burner",
                    { () throws(BenchFailure) in
                        let burner = try Burner()
                        defer { burner.end() }
                        return [try tail()]
                    }
                )
            )
            contestants.append(
                (
                    "\(input.model), during",
                    { () throws(BenchFailure) in
                        let loop = try ReloadLoop(reloader, from: turn)
                        let found: Double
                        do throws(BenchFailure) {
                            found = try tail()
                        } catch {
                            _ = try loop.end()
                            throw error
                        }
                        let reloads = try loop.end()
                        turn += reloads
                        return [found, Double(reloads)]
                    }
                )
            )
        }
        let turns = try Interleaving(repetitions: setting.repetitions, contestants)
        return inputs.flatMap { input in
            let reloads = turns.of("\(input.model), during", 1).reduce(0, +)
            return [
                Figure(
                    "\(input.model), p99 while \(Self.large) is reloaded (\(Int(reloads)) times)",
                    turns.of("\(input.model), during"),
                    unit: "us",
                    over: "p99 before",
                    turns.of("\(input.model), before"),
                    target: .atMost(Self.target)
                ),
                Figure(
                    "\(input.model), p99 beside a loop that gives way to everything",
                    turns.of("\(input.model), burner"),
                    unit: "us",
                    over: "p99 before",
                    turns.of("\(input.model), before")
                ),
            ]
        }
    }
}

/// A loop that takes a processor only while nothing else wants it: what it does to latencies is
/// the system's doing, and no reload can do less.
private final class Burner {
    private final class Shared: Sendable {
        let isEnding = Atomic<Bool>(false)
    }

    private let shared = Shared()
    private let thread: LaneThread

    init() throws(BenchFailure) {
        thread = try startThread("burner") { [shared] in
            LaneThread.givingWay {
                while !shared.isEnding.load(ordering: .relaxed) {}
            }
        }
    }

    /// Ends it and waits for that.
    func end() {
        shared.isEnding.store(true, ordering: .relaxed)
        thread.join()
    }
}

/// Reloads on a thread of its own until it is ended.
private final class ReloadLoop {
    private final class Shared: Sendable {
        let isEnding = Atomic<Bool>(false)
        let result = Mutex<Result<Int, BenchFailure>>(.success(0))
    }

    private let shared = Shared()
    private let thread: LaneThread

    init(_ reloader: Reloader, from first: Int) throws(BenchFailure) {
        thread = try startThread("reloads") { [shared] in
            var count = 0
            do throws(BenchFailure) {
                while !shared.isEnding.load(ordering: .relaxed) {
                    try reloader.reload(turn: first + count)
                    count += 1
                }
                let reloads = count
                shared.result.withLock { $0 = .success(reloads) }
            } catch {
                shared.result.withLock { $0 = .failure(error) }
            }
        }
    }

    /// Ends it and waits for that; how often it reloaded.
    func end() throws(BenchFailure) -> Int {
        shared.isEnding.store(true, ordering: .relaxed)
        thread.join()
        return try shared.result.withLock { $0 }.get()
    }
}

private func startThread(
    _ name: String,
    _ body: @escaping @Sendable () -> Void
) throws(BenchFailure) -> LaneThread {
    do {
        return try LaneThread(name: name, body: body)
    } catch {
        throw BenchFailure("\(error)")
    }
}
