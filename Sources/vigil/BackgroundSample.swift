internal import Tensors
import Calibration
import Explanations
import Messages

/// Draws the events of a background.
struct BackgroundSample {
    let model: ModelDescription
    /// Events to draw.
    let rows: Int
    let seed: UInt64

    /// What was drawn, and how many events could not be.
    struct Drawn {
        let numbers: [Float]
        let notFinite: Int
    }

    /// Every event takes a lot, which Philox draws for its row; the lowest are in, in the file's order.
    func drawn(from source: EventSource, path: String) throws -> Drawn {
        guard model.inputs.count == 1, model.inputs[0].raggedMaximum == 0,
            model.inputs[0].signature.type == .float32
        else {
            throw Complaint(
                "model '\(model.name)': a background is of one float32 input of fixed shape"
            )
        }
        let numbers = source.call(0..<source.rows).inputs[0].floats
        let width = model.inputs[0].signature.elementCount
        let hasMissing = model.inputs[0].nonfinite == "missing"
        let usable = (0..<source.rows).filter { row in
            numbers[row * width..<(row + 1) * width].allSatisfy {
                $0.isFinite || (hasMissing && $0.isNaN)
            }
        }
        guard usable.count >= rows else {
            throw Complaint(
                "\(path) holds \(usable.count) events that a background can be of, \(rows) are to be drawn"
            )
        }
        let lots = usable.map { (lot: Philox.uniform(seed: seed, event: UInt64($0)), row: $0) }
        let chosen = lots.sorted { $0 < $1 }.prefix(rows).map(\.row).sorted()
        return Drawn(
            numbers: chosen.flatMap { numbers[$0 * width..<($0 + 1) * width] },
            notFinite: source.rows - usable.count
        )
    }

    /// The file of what was drawn.
    func file(_ drawn: Drawn, date: String, dataDigest: String) throws -> BackgroundFile {
        let input = model.inputs[0].signature
        return try BackgroundFile(
            model: model.name,
            input: input.name,
            shape: input.shape,
            date: date,
            dataDigest: dataDigest,
            background: Background(numbers: drawn.numbers, features: input.elementCount)
        )
    }
}
