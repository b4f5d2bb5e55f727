import FoundationEssentials
import TreeEngine

/// Times every layout of a tree model on one thread and prints one JSON line each.
///
///     vigil-bench-trees MODEL.json FEATURES
///
/// FEATURES is raw little-endian float32, row after row. Each figure is the median of several
/// passes over all rows, the same number at a time.
@main
struct TreeBench {
    /// Rows at a time.
    static let rowCounts = [1, 64, 1_024]
    /// Passes over the rows, after a first that warms caches.
    static let passes = 7

    /// Why nothing was measured.
    struct Misuse: Error, CustomStringConvertible {
        let description: String
    }

    static func main() throws {
        guard CommandLine.arguments.count == 3 else {
            throw Misuse(description: "usage: vigil-bench-trees MODEL.json FEATURES")
        }
        let model = [UInt8](try Data(contentsOf: URL(filePath: CommandLine.arguments[1])))
        let features = floats(try Data(contentsOf: URL(filePath: CommandLine.arguments[2])))
        for layout in TreeLayout.native {
            let ensemble = try TreeEnsemble(
                xgboostJSON: model,
                layouts: [layout],
                clock: ContinuousClock()
            )
            // A layout that the model does not fit is replaced by walking.
            guard ensemble.layoutText == layout.text else { continue }
            try measure(ensemble, layout.text, features)
        }
        let chosen = try TreeEnsemble(xgboostJSON: model)
        try measure(chosen, "chosen: " + chosen.layoutText, features)
        measureTransform(chosen, features)
    }

    /// Times margins, by rows at a time.
    private static func measure(
        _ ensemble: TreeEnsemble,
        _ name: String,
        _ features: [Float]
    ) throws {
        let rows = features.count / ensemble.featureCount
        guard rows >= rowCounts[rowCounts.count - 1] else {
            throw Misuse(description: "FEATURES has \(rows) rows: too few")
        }
        var scratch = TreeScratch(for: ensemble)
        for count in rowCounts {
            var margins = [Float](repeating: 0, count: count * ensemble.groupCount)
            let calls = rows / count
            let seconds = medianSeconds {
                let input = features.span
                var output = margins.mutableSpan
                for call in 0..<calls {
                    let first = call * count
                    ensemble.margins(
                        input.extracting(
                            first * ensemble.featureCount..<(first + count) * ensemble.featureCount
                        ),
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
    private static func measureTransform(_ ensemble: TreeEnsemble, _ features: [Float]) {
        let count = rowCounts[rowCounts.count - 1]
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
        let seconds = medianSeconds {
            for _ in 0..<100 {
                for index in margins.indices { values[index] = margins[index] }
                var span = values.mutableSpan
                ensemble.transform(&span, rows: count)
            }
        }
        report("transform alone", rows: count, nanoseconds: seconds * 1e9 / Double(100 * count))
    }

    private static func medianSeconds(_ body: () -> Void) -> Double {
        body()
        let clock = ContinuousClock()
        let times = (0..<passes).map { _ in clock.measure(body) / .seconds(1) }
        return times.sorted()[passes / 2]
    }

    private static func report(_ layout: String, rows: Int, nanoseconds: Double) {
        let figure = (nanoseconds * 10).rounded() / 10
        print(#"{"layout": "\#(layout)", "rows": \#(rows), "nanoseconds_per_event": \#(figure)}"#)
    }

    private static func floats(_ bytes: Data) -> [Float] {
        stride(from: 0, to: bytes.count - 3, by: 4).map { start in
            Float(bitPattern: (0..<4).reduce(0) { $0 | UInt32(bytes[start + $1]) << (8 * $1) })
        }
    }
}
