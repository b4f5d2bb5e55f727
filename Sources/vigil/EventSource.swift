import Datasets
import Messages
import Tensors

/// Events of a data file as requests for one model.
struct EventSource {
    let rows: Int
    private let inputs: [TensorValue]
    private let columns: [TensorValue]
    private let model: ModelDescription

    /// Finds each input of the model in the file: an array of its name, or one array for each
    /// of its features.
    init(_ data: Dataset, model: ModelDescription) throws {
        self.model = model
        var inputs: [TensorValue] = []
        for input in model.inputs { inputs.append(try Self.input(input, data)) }
        let counts = Set(inputs.map { $0.shape[0] })
        guard counts.count == 1, let rows = counts.first else {
            throw Complaint(
                "\(data.path): inputs of \(model.name) differ in length: \(counts.sorted())"
            )
        }
        self.inputs = inputs
        self.rows = rows
        var columns: [TensorValue] = []
        for entry in model.uncertainty where entry.binSource == "request" {
            let array = try data.array(entry.binName)
            columns.append(
                TensorValue(
                    name: entry.binName,
                    type: .float64,
                    shape: [array.rows],
                    bytes: array.converted(to: .float64)?.bytes ?? []
                )
            )
        }
        self.columns = columns
    }

    /// A request for rows of the file.
    func call(_ range: Range<Int>) -> ScoreCall {
        var call = ScoreCall(model: model.name, inputs: inputs.map { $0.rows(range) })
        call.columns = columns.map { $0.rows(range) }
        return call
    }

    private static func input(_ input: TensorDescription, _ data: Dataset) throws -> TensorValue {
        let wanted = input.signature
        if let array = data[wanted.name] ?? onlyArray(data) {
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
        let features = try input.features.map { try data.array($0).floats }
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

    /// A .npy file holds one array, which then is the model's one input.
    private static func onlyArray(_ data: Dataset) -> NumericArray? {
        data.names == ["array"] ? data["array"] : nil
    }
}
