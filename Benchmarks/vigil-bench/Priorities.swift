import Glibc
import Messages

/// TRIGGER requests while BULK keeps a model's worker busy.
struct Priorities {
    private static let perSecond = 200.0
    private static let turnSeconds = 6.0
    private static let bulkRows = 1024
    private static let bulkInFlight = 8
    private static let target = 2.0
    /// Until the other process's clients are connected and the queue is full.
    private static let settleMicroseconds: UInt32 = 300_000

    let setting: Setting
    let vigild: Vigild

    /// p99 of single TRIGGER events of the MLP, alone and beside requests of 1,024 events.
    func measure() throws(BenchFailure) -> [Figure] {
        let input = try ModelInput.zoo("er-nr-mlp", setting)
        var call = input.call(rows: 1)
        call.priority = .trigger
        let trigger = try Load(vigild.endpoint, PreparedRequest(call))
        let batch = try microBatchMicroseconds(input)
        var seed: UInt64 = 0
        let tail = { () throws(BenchFailure) -> Double in
            seed += 1
            let outcome = try trigger.poisson(
                perSecond: Self.perSecond,
                requests: Int(Self.perSecond * Self.turnSeconds * setting.scale),
                seed: seed
            )
            return Percentiles(outcome.latencies).microseconds(99)
        }
        let turns = try Interleaving(
            repetitions: setting.repetitions,
            [
                ("alone", { () throws(BenchFailure) in [try tail()] }),
                (
                    "beside BULK",
                    { () throws(BenchFailure) in
                        let bulk = try BulkLoad(setting, vigild, input, rows: Self.bulkRows)
                        usleep(Self.settleMicroseconds)
                        let found = try tail()
                        return [found, try bulk.end()]
                    }
                ),
            ]
        )
        let beside = turns.of("beside BULK")
        return [
            Figure(
                "er-nr-mlp, TRIGGER p99 beside BULK, less one micro-batch",
                beside.map { $0 - batch },
                unit: "us",
                over: "TRIGGER p99 alone",
                turns.of("alone"),
                target: .atMost(Self.target)
            ),
            Figure(
                "er-nr-mlp, TRIGGER p99 beside BULK",
                beside,
                unit: "us",
                over: "TRIGGER p99 alone",
                turns.of("alone")
            ),
            Figure("er-nr-mlp, one micro-batch of BULK", [batch], unit: "us"),
            Figure(
                "er-nr-mlp, BULK meanwhile",
                turns.of("beside BULK", 1),
                unit: "events/s"
            ),
        ]
    }

    /// How long a TRIGGER event may find the worker busy: the compute time that a reply of a BULK
    /// request states, of one of the micro-batches that it was cut into.
    private func microBatchMicroseconds(_ input: ModelInput) throws(BenchFailure) -> Double {
        let load = try Load(vigild.endpoint, input.request(rows: Self.bulkRows))
        var times: [Double] = []
        for _ in 0..<20 {
            let answer = try load.answer()
            let parts = max(1, Self.bulkRows / max(1, answer.batch))
            times.append(Double(answer.computeNanoseconds) / Double(parts) / 1000)
        }
        return Figure.median(times)
    }

    /// A process that keeps BULK requests in flight.
    private struct BulkLoad {
        let process: ChildProcess

        init(
            _ setting: Setting,
            _ vigild: Vigild,
            _ input: ModelInput,
            rows: Int
        ) throws(BenchFailure) {
            let shape = input.shape.flatMap { ["--shape", "\($0)"] }
            process = try ChildProcess(
                [
                    setting.bench, "load", "--endpoint", vigild.endpoint, "--model", input.model,
                    "--input", input.name, "--rows", "\(rows)", "--window",
                    "\(Priorities.bulkInFlight)", "--replies", "400", "--bulk", "--forever",
                ] + shape,
                errorPath: "\(setting.work)/bulk.log"
            )
        }

        /// Ends it; events per second of its loops.
        func end() throws(BenchFailure) -> Double {
            let wasRunning = process.isRunning
            process.end()
            var rates: [Double] = []
            while let line = process.readLine() {
                if let rate = line.split(separator: " ").first.flatMap({ Double($0) }) {
                    rates.append(rate * Double(Priorities.bulkRows))
                }
            }
            guard wasRunning, !rates.isEmpty else {
                throw BenchFailure("the BULK load ended: \(process.errors)")
            }
            return Figure.median(rates)
        }
    }
}
