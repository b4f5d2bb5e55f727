import ArgumentParser
import Datasets
import TreeEngine

/// What every layout of the tree engine and its explainer cost on one thread: one JSON line a
/// figure.
///
/// A figure is the median of several passes over all rows, the same number at a time.
struct TreesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trees",
        abstract:
            "Times every layout of the tree engine, and attributions: a line of JSON a figure."
    )

    /// Rows at a time.
    static let rowCounts = [1, 64, 1_024]
    /// Passes over the rows, after a first that warms caches.
    private static let passes = 7
    private static let backgroundRows = 100
    private static let columns = ["s1c", "s2c", "drift_time", "x_s2", "y_s2"]

    @Option(help: "Model, as XGBoost saves it.") var model = "Zoo/models/er-nr-tree/1/model.json"
    @Option(help: "Data file that the events are taken from.") var data = "Zoo/sample.npz"
    @Option(help: "Raw little-endian float32 features, row after row, instead of the data file.")
    var features: String?
    @Option(help: "Bits that the bins of a feature's thresholds must fit.") var thresholdBits: Int?
    @Flag(help: "The model is one that conifer saved.") var conifer = false

    func run() throws {
        guard let json = TextFile.bytes(model) else {
            throw BenchFailure("\(model) cannot be read")
        }
        let features = try readFeatures()
        guard !conifer else {
            try measureConifer(json, features)
            return
        }
        for layout in TreeLayout.native {
            let ensemble = try TreeEnsemble(
                xgboostJSON: json,
                thresholdBits: thresholdBits,
                layouts: [layout],
                clock: ContinuousClock()
            )
            // A layout that the model does not fit is replaced by walking.
            guard ensemble.layoutText == layout.text else { continue }
            measure(ensemble, layout.text, features)
        }
        let chosen = try TreeEnsemble(
            xgboostJSON: json,
            thresholdBits: thresholdBits,
            layouts: TreeLayout.native,
            clock: ContinuousClock()
        )
        measure(chosen, "chosen: " + chosen.layoutText, features)
        measureTransform(chosen, features)
        if self.features == nil { try measureAttributions(chosen, features) }
    }

    /// Events, row after row.
    private func readFeatures() throws -> [Float] {
        guard let path = features else {
            let sample = try Dataset(path: data)
            let columns = try Self.columns.map { try sample.array($0).doubles.map(Float.init) }
            return columns[0].indices.flatMap { row in columns.map { $0[row] } }
        }
        guard let bytes = TextFile.bytes(path) else {
            throw BenchFailure("\(path) cannot be read")
        }
        return stride(from: 0, to: bytes.count - 3, by: 4).map { start in
            let word = (0..<4).reduce(0) { $0 | UInt32(bytes[start + $1]) << (8 * $1) }
            return Float(bitPattern: word)
        }
    }

    /// Times margins, by rows at a time.
    private func measure(_ ensemble: TreeEnsemble, _ name: String, _ features: [Float]) {
        let width = ensemble.featureCount
        var scratch = TreeScratch(for: ensemble)
        for count in Self.rowCounts {
            var margins = [Float](repeating: 0, count: count * ensemble.groupCount)
            let calls = features.count / width / count
            let seconds = Self.medianSeconds {
                let input = features.span
                var output = margins.mutableSpan
                for call in 0..<calls {
                    let first = call * count * width
                    ensemble.margins(
                        input.extracting(first..<first + count * width),
                        rows: count,
                        into: &output,
                        scratch: &scratch
                    )
                }
            }
            report(name, rows: count, nanoseconds: seconds * 1e9 / Double(calls * count))
        }
    }

    /// Times what turns margins into predictions, without the margins.
    private func measureTransform(_ ensemble: TreeEnsemble, _ features: [Float]) {
        let count = 1_024
        let turns = 100
        var scratch = TreeScratch(for: ensemble)
        var margins = [Float](repeating: 0, count: count * ensemble.groupCount)
        var output = margins.mutableSpan
        ensemble.margins(
            features.span.extracting(first: count * ensemble.featureCount),
            rows: count,
            into: &output,
            scratch: &scratch
        )
        var values = margins
        let seconds = Self.medianSeconds {
            for _ in 0..<turns {
                for index in margins.indices { values[index] = margins[index] }
                var span = values.mutableSpan
                ensemble.transform(&span, rows: count)
            }
        }
        report("transform alone", rows: count, nanoseconds: seconds * 1e9 / Double(turns * count))
    }

    /// Times attributions of the first rows, as both forms give them.
    private func measureAttributions(_ ensemble: TreeEnsemble, _ features: [Float]) throws {
        let background = Array(features.suffix(Self.backgroundRows * ensemble.featureCount))
        let forms = [
            ("path-dependent", try TreeExplainer(ensemble)),
            (
                "interventional",
                try TreeExplainer(
                    ensemble,
                    background: background,
                    rows: Self.backgroundRows
                )
            ),
        ]
        for (form, explainer) in forms {
            var scratch = ExplainerScratch(for: explainer)
            for count in Self.rowCounts {
                var attributions = [Double](
                    repeating: 0,
                    count: count * explainer.attributionCount
                )
                let calls = 1_024 / count
                let seconds = Self.medianSeconds {
                    var output = attributions.mutableSpan
                    for call in 0..<calls {
                        let first = call * count * explainer.featureCount
                        let last = first + count * explainer.featureCount
                        explainer.attributions(
                            features.span.extracting(first..<last),
                            rows: count,
                            into: &output,
                            scratch: &scratch
                        )
                    }
                }
                let nanoseconds = seconds * 1e9 / Double(calls * count)
                report("attributions, \(form)", rows: count, nanoseconds: nanoseconds)
            }
        }
    }

    static func medianSeconds(_ body: () -> Void) -> Double {
        body()
        let clock = ContinuousClock()
        let times = (0..<passes).map { _ in clock.measure(body) / .seconds(1) }
        return times.sorted()[passes / 2]
    }

    func report(_ layout: String, rows: Int, nanoseconds: Double) {
        let figure = (nanoseconds * 10).rounded() / 10
        print(#"{"layout": "\#(layout)", "rows": \#(rows), "nanoseconds_per_event": \#(figure)}"#)
    }
}
