import Messages
import Tensors

/// One event a request: what the path itself costs, over an echo of the same frames.
struct SmallRequests {
    private static let inputs = 16
    /// Events that the server in C runs together at most: as many requests as vigild takes at a
    /// time.
    private static let rowsInC = 64
    private let setting: Setting
    private let vigild: Vigild

    init(_ setting: Setting, _ vigild: Vigild) {
        self.setting = setting
        self.vigild = vigild
    }

    /// SingleStream and pipelined requests of the null model.
    func measure() throws(BenchFailure) -> [Figure] {
        try framed() + inHeader()
    }

    private func request(inlineBytes: Int) -> PreparedRequest {
        let values = (0..<Self.inputs).map { Float($0) * 0.25 }
        var call = ScoreCall(
            model: "null",
            inputs: [TensorValue(name: "x", shape: [1, Self.inputs], floats: values)]
        )
        call.deadlineMicroseconds = 1_000_000
        return PreparedRequest(call, inlineBytes: inlineBytes)
    }

    /// The tensor in a frame of its own.
    private func framed() throws(BenchFailure) -> [Figure] {
        let request = request(inlineBytes: 0)
        let load = try Load(vigild.endpoint, request)
        let same = try EchoServer(setting, frames: try load.sample())
        let inC = try EchoServer(
            setting,
            running: .null,
            rows: Self.rowsInC,
            frames: try load.sample()
        )
        let passing = try EchoServer(setting)
        let sameLoad = try Load(same.endpoint, request)
        let inCLoad = try Load(inC.endpoint, request)
        let passingLoad = try Load(passing.endpoint, request, isPassedBack: true)
        var figures = try singleStream(load, sameLoad, inCLoad)
        for window in [64, 256, 1024] {
            let run = { (load: Load) throws(BenchFailure) -> [Double] in
                [try load.closed(window: window, replies: setting.requests(400_000)).perSecond]
            }
            let turns = try Interleaving(
                repetitions: setting.repetitions,
                [
                    ("vigild", { () throws(BenchFailure) in try run(load) }),
                    ("same", { () throws(BenchFailure) in try run(sameLoad) }),
                    ("in C", { () throws(BenchFailure) in try run(inCLoad) }),
                    ("passing", { () throws(BenchFailure) in try run(passingLoad) }),
                ]
            )
            figures.append(
                Figure(
                    "null, pipelined at \(window)",
                    turns.of("vigild"),
                    unit: "requests/s",
                    over: "an echo of the same frames",
                    turns.of("same"),
                    target: .atLeast(0.9)
                )
            )
            figures += limits(turns, 0, "pipelined at \(window)", "requests/s", "same")
            if window == 256 {
                figures.append(
                    Figure(
                        "null, pipelined at 256",
                        turns.of("vigild"),
                        unit: "requests/s",
                        over: "an echo of the request",
                        turns.of("passing"),
                        target: .atLeast(0.5)
                    )
                )
            }
        }
        return figures
    }

    /// MLPerf's SingleStream: the next request when the last was answered.
    private func singleStream(
        _ load: Load,
        _ echo: Load,
        _ inC: Load
    ) throws(BenchFailure) -> [Figure] {
        let run = { (load: Load) throws(BenchFailure) -> [Double] in
            let outcome = try load.closed(
                window: 1,
                replies: setting.requests(20_000),
                isTimed: true
            )
            let percentiles = Percentiles(outcome.latencies)
            return [50.0, 90, 99].map { percentiles.microseconds($0) }
        }
        let turns = try Interleaving(
            repetitions: setting.repetitions,
            [
                ("vigild", { () throws(BenchFailure) in try run(load) }),
                ("echo", { () throws(BenchFailure) in try run(echo) }),
                ("in C", { () throws(BenchFailure) in try run(inC) }),
            ]
        )
        let targets: [Figure.Target] = [.atMost(1.1), .none, .atMost(1.2)]
        return [50, 90, 99].enumerated().flatMap { index, percentile in
            let judged = Figure(
                "null, SingleStream p\(percentile)",
                turns.of("vigild", index),
                unit: "us",
                over: "an echo of the same frames",
                turns.of("echo", index),
                target: targets[index]
            )
            return [judged]
                + limits(turns, index, "SingleStream p\(percentile)", "us", "echo")
        }
    }

    /// What vigild reaches over the server in C, and that over an echo: the limit of libzmq and ONNX
    /// Runtime together.
    private func limits(
        _ turns: Interleaving,
        _ index: Int,
        _ what: String,
        _ unit: String,
        _ echo: String
    ) -> [Figure] {
        let server = "a server in C that runs the null model"
        let inC = turns.of("in C", index)
        return [
            Figure(
                "null, \(what)",
                turns.of("vigild", index),
                unit: unit,
                over: server,
                inC
            ),
            Figure(
                "\(server), \(what)",
                inC,
                unit: unit,
                over: "an echo of the same frames",
                turns.of(echo, index)
            ),
        ]
    }

    /// The tensor in the header frame: one frame both ways.
    private func inHeader() throws(BenchFailure) -> [Figure] {
        let request = request(inlineBytes: 1024)
        let load = try Load(vigild.endpoint, request)
        let echo = try EchoServer(setting, frames: try load.sample())
        let echoLoad = try Load(echo.endpoint, request)
        let run = { (load: Load) throws(BenchFailure) -> [Double] in
            [try load.closed(window: 256, replies: setting.requests(600_000)).perSecond]
        }
        let turns = try Interleaving(
            repetitions: setting.repetitions,
            [
                ("vigild", { () throws(BenchFailure) in try run(load) }),
                ("echo", { () throws(BenchFailure) in try run(echoLoad) }),
            ]
        )
        return [
            Figure(
                "null, tensors in the header, pipelined at 256",
                turns.of("vigild"),
                unit: "requests/s",
                over: "a one-frame echo",
                turns.of("echo"),
                target: .atLeast(0.6)
            )
        ]
    }
}
