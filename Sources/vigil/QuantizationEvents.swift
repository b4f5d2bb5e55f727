import Datasets
import Digests
import Messages
import Tensors

/// Labelled events, in those that set the ranges of activations and those that calibrate and test.
///
/// None is both: intervals hold for events that had no part in making what runs.
struct QuantizationEvents {
    /// Most events that set ranges, and the share of all that they are at most.
    private static let mostRangeEvents = 1024
    private static let leastStride = 4
    /// Fewest events of a file.
    private static let fewest = 64

    /// Events that set ranges, with values that are finite.
    let ranges: Dataset
    /// How many.
    let rangeEvents: Int
    /// All others.
    let others: EventSource
    /// The file, and its digest.
    let path: String
    let digest: String

    init(_ data: Dataset, model: ModelDescription) throws {
        let all = try EventSource(data, model: model)
        guard all.rows >= Self.fewest else {
            throw Complaint(
                "\(data.path) holds \(all.rows) events, allowed are at least \(Self.fewest)"
            )
        }
        path = data.path
        digest = Digest.text(of: data.fileBytes)
        // Spread over the file, whatever its order.
        let stride = max(
            Self.leastStride,
            (all.rows + Self.mostRangeEvents - 1) / Self.mostRangeEvents
        )
        let inputs = all.call(0..<all.rows).inputs
        let chosen = Swift.stride(from: 0, to: all.rows, by: stride).filter { row in
            inputs.allSatisfy { Self.isFinite($0.rows(row..<row + 1)) }
        }
        guard !chosen.isEmpty else {
            throw Complaint("\(data.path): no event has inputs that are all finite")
        }
        var ranges = Dataset()
        for input in inputs {
            let rows = chosen.map { input.rows($0..<$0 + 1) }
            ranges[input.name] = NumericArray(
                type: input.type,
                shape: [chosen.count] + input.shape.dropFirst(),
                bytes: rows.flatMap(\.bytes)
            )
        }
        self.ranges = ranges
        rangeEvents = chosen.count
        let rest = (0..<all.rows).filter { $0 % stride != 0 }
        others = try EventSource(data.rows(rest, of: all.rows), model: model)
        // Told before any work is done.
        for entry in model.uncertainty { _ = try others.column(entry.truth) }
    }

    private static func isFinite(_ tensor: TensorValue) -> Bool {
        guard tensor.type.isFloating else { return true }
        let array = NumericArray(type: tensor.type, shape: tensor.shape, bytes: tensor.bytes)
        return array.doubles.allSatisfy(\.isFinite)
    }
}
