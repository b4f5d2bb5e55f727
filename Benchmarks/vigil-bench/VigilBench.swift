import ArgumentParser
import Datasets
import Execution
import FoundationEssentials
import Glibc
import Lanes
import Messages
import OnnxEngine
import Tensors
import VigilClient

/// Measures the daemon against ONNX Runtime called directly, both in one run, interleaved.
@main
struct VigilBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vigil-bench",
        abstract: "The daemon against ONNX Runtime in process, interleaved in one run.",
        discussion: """
            Every repetition measures A (ONNX Runtime called directly, one thread, batches of \
            1,024), B (vigild over tcp, 1,024 events a request) and C (vigild, one event a \
            request, pipelined), one after the other, so that a drifting machine cancels. \
            Medians and ranges are shown; ratios are medians of the repetitions' own ratios.
            """
    )

    @Option(help: "A running daemon with the reference models.")
    var endpoint = "tcp://127.0.0.1:5555"
    @Option(help: "ONNX Runtime's library.") var onnxruntime: String
    @Option(help: "Folder of the reference models.") var models = "Zoo/models"
    @Option(help: "Data file that the events are taken from.") var data = "Zoo/sample.npz"
    @Option(help: "Repetitions.") var repetitions = 7
    @Flag(help: "Print JSON.") var json = false

    private static let rows = 1024
    private static let model = "er-nr-mlp"

    func run() async throws {
        let events = try Dataset(path: data)
        let names = ["s1c", "s2c", "drift_time", "x_s2", "y_s2"]
        let columns = try names.map { try events.array($0).floats }
        var values: [Float] = []
        for row in 0..<Self.rows { for column in columns { values.append(column[row]) } }
        let large = call(values, rows: Self.rows)
        let small = call(Array(values.prefix(names.count)), rows: 1)
        let raw = try RawRuntime(
            library: onnxruntime,
            artefact: "\(models)/\(Self.model)/1/model.onnx",
            rows: Self.rows,
            input: values
        )
        var largeLoop = try LoadLoop(endpoint: endpoint, call: large)
        var smallLoop = try LoadLoop(endpoint: endpoint, call: small)
        var rawLarge = large
        rawLarge.isRaw = true
        var rawLoop = try LoadLoop(endpoint: endpoint, call: rawLarge)

        var direct: [Double] = []
        var served: [Double] = []
        var servedRaw: [Double] = []
        var single: [Double] = []
        for _ in 0..<repetitions {
            direct.append(try raw.eventsPerSecond(runs: 1500))
            served.append(try rate(&largeLoop, window: 8, replies: 1500) * Double(Self.rows))
            servedRaw.append(try rate(&rawLoop, window: 8, replies: 1500) * Double(Self.rows))
            single.append(try rate(&smallLoop, window: 256, replies: 100_000))
        }
        let measures = [
            Measure("mlp raw onnxruntime, batch 1024", direct, unit: "events/s"),
            Measure(
                "mlp vigild, calibrated answers, 1024 events a request",
                served,
                unit: "events/s",
                baseline: direct,
                target: 0.6
            ),
            Measure(
                "mlp vigild, raw answers, 1024 events a request",
                servedRaw,
                unit: "events/s",
                baseline: direct,
                target: 0.6
            ),
            Measure(
                "mlp vigild, 1 event a request, 256 in flight",
                single,
                unit: "requests/s",
                least: 30_000
            ),
        ]
        show(measures)
    }

    private func call(_ values: [Float], rows: Int) -> ScoreCall {
        ScoreCall(
            model: Self.model,
            inputs: [
                TensorValue(name: "features", shape: [rows, values.count / rows], floats: values)
            ]
        )
    }

    private func rate(
        _ loop: inout LoadLoop,
        window: Int,
        replies: Int
    ) throws -> Double {
        let outcome = try loop.closed(window: window, replies: replies, warmUp: replies / 10)
        guard outcome.refusals == 0 else {
            throw BenchFailure("\(outcome.refusals) requests were refused")
        }
        return Double(outcome.replies) / (Double(outcome.nanoseconds) * 1e-9)
    }

    private func show(_ measures: [Measure]) {
        if json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            if let text = try? encoder.encode(measures) {
                print(String(decoding: text, as: UTF8.self))
            }
            return
        }
        for measure in measures { print(measure.line) }
    }
}

/// Why a measurement cannot be made.
struct BenchFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// A figure, its spread, and its ratio to a baseline of the same repetitions.
struct Measure: Encodable {
    let measure: String
    let value: Double
    let lowest: Double
    let highest: Double
    let unit: String
    let ratio: Double?
    let target: Double?
    let met: Bool?

    init(
        _ name: String,
        _ values: [Double],
        unit: String,
        baseline: [Double]? = nil,
        target: Double? = nil,
        least: Double? = nil
    ) {
        measure = name
        value = Self.median(values)
        lowest = values.min() ?? .nan
        highest = values.max() ?? .nan
        self.unit = unit
        let ratio = baseline.map { base in Self.median(zip(values, base).map { $0 / $1 }) }
        self.ratio = ratio
        self.target = target ?? least
        if let ratio, let target {
            met = ratio >= target
        } else {
            met = least.map { [value] in value >= $0 }
        }
    }

    var line: String {
        var text = "\(measure): \(Int(value)) \(unit) (\(Int(lowest)) to \(Int(highest)))"
        if let ratio { text += ", ratio \((ratio * 1000).rounded() / 1000)" }
        if let target, let met { text += ", target \(target): \(met ? "met" : "MISSED")" }
        return text
    }

    private static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        return sorted.isEmpty ? .nan : sorted[sorted.count / 2]
    }
}
