import Execution
import FPGAEngine

/// Firmware in software, over da4ml's own interpreter on one thread.
struct FirmwareRuns {
    private static let model = "trigger-mlp"
    private static let rows = 1024
    private static let turnSeconds = 1.0
    /// Of the engine alone, from float32 values to float32 values.
    private static let ratio = 5.0
    private static let singleNanoseconds = 2000.0

    let setting: Setting

    /// The engine alone in this process, many events at a time and one.
    func measure() throws(BenchFailure) -> [Figure] {
        let folder = "\(setting.zoo)/\(Self.model)/1"
        let peer = try LinePeer(setting, "da4ml_interpreter.py", [folder, "--seconds", "1"])
        let name = try peer.turn(TreeRequests.Turn.self, rows: Self.rows).peer
        let alone = try RawRuntime(firmware: folder, rows: Self.rows)
        let single = try RawRuntime(firmware: folder, rows: 1)
        let seconds = Self.turnSeconds * setting.scale
        let runs = try alone.runs(seconds: seconds)
        let singleRuns = try single.runs(seconds: seconds / 4)
        let turns = try Interleaving(
            repetitions: setting.repetitions,
            [
                ("alone", { () throws(BenchFailure) in [try alone.rate(runs: runs)] }),
                (
                    "single",
                    { () throws(BenchFailure) in [1e9 / (try single.rate(runs: singleRuns))] }
                ),
                (
                    "da4ml",
                    { () throws(BenchFailure) in
                        let turn = try peer.turn(TreeRequests.Turn.self, rows: Self.rows)
                        return [1e9 / turn.nanosecondsPerEvent]
                    }
                ),
            ]
        )
        return [
            Figure(
                "\(Self.model), interpreter alone, \(Self.rows) events at a time",
                turns.of("alone"),
                unit: "events/s",
                over: name,
                turns.of("da4ml"),
                target: .atLeast(Self.ratio)
            ),
            Figure(
                "\(Self.model), interpreter alone, one event",
                turns.of("single"),
                unit: "ns",
                target: .atMost(Self.singleNanoseconds)
            ),
        ]
    }
}
