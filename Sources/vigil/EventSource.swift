import Calibration
import Datasets
import Messages
import Tensors

/// Events of a data file as requests for one model.
///
/// Every column that belongs to the events is asked for here, where its length is checked.
struct EventSource {
    let rows: Int
    private let data: Dataset
    private let inputs: [TensorValue]
    private let columns: [TensorValue]
    /// Ids of the events, the file's own column `event_id` or their rows; nil where the answers are not
    /// drawn by event.
    private let eventIds: TensorValue?
    private let model: ModelDescription

    /// Finds each input of the model in the file: an array of its name, or one array for each
    /// of its features.
    init(_ data: Dataset, model: ModelDescription) throws {
        self.data = data
        self.model = model
        var inputs: [TensorValue] = []
        for input in model.inputs { inputs.append(try Self.input(input, data)) }
        let counts = Set(inputs.map { $0.shape[0] })
        guard counts.count == 1, let rows = counts.first else {
            throw Complaint(
                "\(data.path): inputs of \(model.name) differ in length: \(counts.sorted())"
            )
        }
        guard rows > 0 else { throw Complaint("\(data.path) holds no events") }
        self.inputs = inputs
        self.rows = rows
        var columns: [TensorValue] = []
        for axis in model.uncertainty.flatMap({ $0.bins + ($0.weight.map { [$0] } ?? []) })
        where axis.source == "request" && !columns.contains(where: { $0.name == axis.name }) {
            let values = NumericArray(doubles: try Self.column(axis.name, data, rows: rows))
            columns.append(
                TensorValue(
                    name: axis.name,
                    type: .float64,
                    shape: [rows],
                    bytes: values.bytes
                )
            )
        }
        self.columns = columns
        let isDrawn = model.uncertainty.contains { $0.score?.isRandomised ?? false }
        eventIds = isDrawn ? try Self.eventIds(data, rows: rows) : nil
    }

    /// A column of the file with one number an event.
    func column(_ name: String) throws -> [Double] {
        try Self.column(name, data, rows: rows)
    }

    /// Which events are normal, where the data say so by a column `kind` (0 and 1 are normal).
    func normalRows() throws -> [Bool] {
        guard data.holds("kind") else { return Array(repeating: true, count: rows) }
        return try column("kind").map { $0 <= 1 }
    }

    /// What the bins of an output cut, one list an axis: the numbers that the daemon bins on.
    func binColumns(
        _ entry: UncertaintyDescription,
        _ outcome: Scoring.Outcome
    ) throws -> [[Double]] {
        try entry.bins.map { try values(of: $0, outcome) }
    }

    /// The numbers of a column that the daemon cuts or weighs by.
    func values(of axis: BinAxis, _ outcome: Scoring.Outcome) throws -> [Double] {
        switch axis.source {
        case "output": return try outcome.column(axis.name)
        case "request": return try column(axis.name)
        default: return try inputColumn(axis.name, axis.feature)
        }
    }

    private func inputColumn(_ name: String, _ feature: String) throws -> [Double] {
        guard let index = model.inputs.firstIndex(where: { $0.signature.name == name }) else {
            throw Complaint("the bin column \(name).\(feature) is not an input of \(model.name)")
        }
        // The input's own numbers count, but a column of that name which is no such column says
        // that something is wrong with the file.
        if data.holds(feature) { _ = try column(feature) }
        let tensor = inputs[index]
        let width = tensor.shape.dropFirst().reduce(1, *)
        let features = model.inputs[index].features
        guard let component = features.firstIndex(of: feature) ?? (width == 1 ? 0 : nil),
            component < width
        else {
            throw Complaint("the bin column \(name).\(feature) is not an input of \(model.name)")
        }
        let array = NumericArray(type: tensor.type, shape: tensor.shape, bytes: tensor.bytes)
        let values = array.doubles
        return (0..<rows).map { values[$0 * width + component] }
    }

    private static func column(_ name: String, _ data: Dataset, rows: Int) throws -> [Double] {
        let array = try flat(name, data)
        guard array.count == rows else {
            throw Complaint(
                "\(data.path)[\(name)]: found \(array.count) values for \(rows) events"
            )
        }
        return array.doubles
    }

    /// An array with one number an event.
    private static func flat(_ name: String, _ data: Dataset) throws -> NumericArray {
        let array = try data.array(name)
        guard !array.shape.isEmpty, array.count == array.rows else {
            throw Complaint(
                "\(data.path)[\(name)]: found the shape \(array.shape), allowed is [events]"
            )
        }
        return array
    }

    /// A request for rows of the file.
    func call(_ range: Range<Int>) -> ScoreCall {
        var call = ScoreCall(model: model.name, inputs: inputs.map { $0.rows(range) })
        call.columns = columns.map { $0.rows(range) }
        call.eventIds = eventIds?.rows(range)
        return call
    }

    /// The file's column `event_id`, or the events' rows where it has none and needs none.
    static func eventIds(
        _ data: Dataset,
        rows: Int,
        isRequired: Bool = false
    ) throws -> TensorValue {
        let name = "event_id"
        guard isRequired || data.holds(name) else {
            return TensorValue(
                name: "",
                type: .int64,
                shape: [rows],
                bytes: (0..<Int64(rows)).flatMap { row in
                    unsafe withUnsafeBytes(of: row) { unsafe Array($0) }
                }
            )
        }
        let array = try data.array(name)
        guard [.int64, .uint64].contains(array.type), array.shape == [rows] else {
            throw Complaint(
                "\(data.path)[\(name)]: found \(array.type.name)\(array.shape), allowed are int64 or uint64 of shape [\(rows)]"
            )
        }
        return TensorValue(name: "", type: array.type, shape: [rows], bytes: array.bytes)
    }

    private static func input(_ input: TensorDescription, _ data: Dataset) throws -> TensorValue {
        let wanted = input.signature
        if let array = try array(wanted.name, data) {
            guard let converted = array.converted(to: wanted.type) else {
                throw Complaint(
                    "\(data.path)[\(wanted.name)]: found \(array.type.name), allowed is \(wanted.type.name)"
                )
            }
            guard Array(converted.shape.dropFirst()) == wanted.shape, !converted.shape.isEmpty
            else {
                throw Complaint(
                    "\(data.path)[\(wanted.name)]: found the shape \(converted.shape), allowed is [events] + \(wanted.shape)"
                )
            }
            return TensorValue(
                name: wanted.name,
                type: wanted.type,
                shape: converted.shape,
                bytes: converted.bytes
            )
        }
        guard !input.features.isEmpty, wanted.type == .float32 else {
            throw Complaint(
                "\(data.path): there is no array '\(wanted.name)', it holds \(data.names.joined(separator: ", "))"
            )
        }
        let features = try input.features.map { try flat($0, data).floats }
        let rows = features[0].count
        guard features.allSatisfy({ $0.count == rows }) else {
            throw Complaint(
                "\(data.path): the arrays \(input.features.joined(separator: ", ")) differ in length"
            )
        }
        var values: [Float] = []
        values.reserveCapacity(rows * features.count)
        for row in 0..<rows { for feature in features { values.append(feature[row]) } }
        return TensorValue(name: wanted.name, shape: [rows, features.count], floats: values)
    }

    /// The array of an input, or nil where the file has none of that name.
    private static func array(_ name: String, _ data: Dataset) throws -> NumericArray? {
        if data.holds(name) { return try data.array(name) }
        // A .npy file holds one array, which then is the model's one input.
        return data.names == ["array"] ? data["array"] : nil
    }
}
