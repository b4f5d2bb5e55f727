public import Calibration
internal import StrictJSON

/// A background on disk, JSON, beside the artefact of a model's version.
///
/// Its rows are events, not scores: no engine, precision or artefact comes into it. It names the
/// model and the input that the events belong to; the reader of the file compares, this type does not.
public struct BackgroundFile: Sendable, Equatable {
    /// The only layout there is.
    public static let currentFormat = 1
    /// Longest file that is read, in bytes: some 10 million numbers.
    public static let maximumBytes = 128 << 20
    /// The most axes of an event.
    public static let maximumRank = 7

    /// The model's name.
    public let model: String
    /// The input that the rows are events of.
    public let input: String
    /// Shape of one event; empty for a single number.
    public let shape: [Int]
    /// When it was made, ISO 8601.
    public let date: String
    /// Digest of the events' file, "sha256:" and 64 hexadecimal digits.
    public let dataDigest: String
    /// The events.
    public let background: Background

    /// Refuses what `init(json:)` would refuse of the same content.
    public init(
        model: String,
        input: String,
        shape: [Int],
        date: String,
        dataDigest: String,
        background: Background
    ) throws(CalibrationError) {
        self.model = model
        self.input = input
        self.shape = shape
        self.date = date
        self.dataDigest = dataDigest
        self.background = background
        try NameRule.check(model, path: "model")
        try NameRule.check(input, path: "input")
        try NameRule.checkDate(date, path: "date")
        try NameRule.checkDigest(dataDigest, path: "data_digest")
        let features = try Self.features(shape)
        guard background.features == features else {
            throw CalibrationError(
                "rows",
                found: "rows of \(background.features) numbers",
                allowed: "\(features), as shape says"
            )
        }
    }

    /// Numbers of an event.
    fileprivate static func features(_ shape: [Int]) throws(CalibrationError) -> Int {
        let most = FeatureCount.maximum
        guard shape.count <= maximumRank else {
            throw CalibrationError(
                "shape",
                found: "\(shape.count) axes",
                allowed: "at most \(maximumRank)"
            )
        }
        var features = 1
        for (axis, size) in shape.enumerated() {
            // Before they are multiplied: a product of hostile numbers could overflow.
            guard size >= 1, size <= most, features * size <= most else {
                throw CalibrationError(
                    "shape[\(axis)]",
                    found: "\(size)",
                    allowed: "sizes from 1, of at most \(most) numbers together"
                )
            }
            features *= size
        }
        return features
    }
}

extension BackgroundFile {
    /// Reads a file; an unknown key, a missing one, a wrong type, a limit passed or rows of another
    /// length than the shape's are refused with their key path.
    ///
    /// `null` is a missing value (NaN). Never traps, whatever the bytes.
    public init(json: [UInt8]) throws(CalibrationError) {
        var file = try JSONFields(
            file: json,
            maximumBytes: Self.maximumBytes,
            format: Self.currentFormat
        )
        let model = try file.text("model")
        let input = try file.text("input")
        let shape = try Self.shape(file.numbers("shape"))
        let date = try file.text("date")
        let dataDigest = try file.text("data_digest")
        let rows = try file.list("rows", count: 1...Background.maximumRows)
        try file.finish()
        let features = try Self.features(shape)
        var numbers: [Float] = []
        numbers.reserveCapacity(min(rows.count * features, Background.maximumNumbers))
        for (index, row) in rows.enumerated() {
            numbers += try Self.row(row, path: "rows[\(index)]", features: features)
        }
        let background: Background
        do throws(ExplanationError) {
            background = try Background(numbers: numbers, features: features)
        } catch {
            throw CalibrationError("rows", found: error.found, allowed: error.allowed)
        }
        try self.init(
            model: model,
            input: input,
            shape: shape,
            date: date,
            dataDigest: dataDigest,
            background: background
        )
    }

    private static func shape(_ numbers: [Double]) throws(CalibrationError) -> [Int] {
        var shape: [Int] = []
        for (axis, number) in numbers.enumerated() {
            guard let size = Int(exactly: number) else {
                throw CalibrationError(
                    "shape[\(axis)]",
                    found: NumberText.of(number),
                    allowed: "a whole number"
                )
            }
            shape.append(size)
        }
        return shape
    }

    private static func row(
        _ value: JSONValue,
        path: String,
        features: Int
    ) throws(CalibrationError) -> [Float] {
        var numbers: [Float] = []
        switch value {
        case .numbers(let values): numbers = values.map { Float($0) }
        case .array(let values):
            for (place, value) in values.enumerated() {
                switch value {
                case .number(let number): numbers.append(Float(number))
                case .null: numbers.append(.nan)
                default:
                    throw CalibrationError(
                        "\(path)[\(place)]",
                        found: value.kind,
                        allowed: "a number, or null for a missing one"
                    )
                }
            }
        default: throw CalibrationError(path, found: value.kind, allowed: "an array of numbers")
        }
        guard numbers.count == features else {
            throw CalibrationError(
                path,
                found: "\(numbers.count) numbers",
                allowed: "\(features), as shape says"
            )
        }
        return numbers
    }

    /// The file: keys in a fixed order, every number a text that reads back to the same bits.
    ///
    /// Equal backgrounds give equal bytes.
    public func json() -> [UInt8] {
        var writer = JSONWriter()
        writer.object { file in
            file.integer("format", Self.currentFormat)
            file.text("model", model)
            file.text("input", input)
            file.numbers("shape", shape.map(String.init))
            file.text("date", date)
            file.text("data_digest", dataDigest)
            file.array("rows") { list in
                for row in 0..<background.rows {
                    let first = row * background.features
                    let numbers = background.numbers[first..<first + background.features]
                    list.numbers(numbers.map(Self.text))
                }
            }
        }
        return writer.bytes + [UInt8(ascii: "\n")]
    }

    /// The short text, unless a reader that goes by way of Double would find a neighbour.
    private static func text(_ number: Float) -> String {
        if number.isNaN { return "null" }
        let text = NumberText.of(number)
        return Double(text).map { Float($0) } == number ? text : NumberText.of(Double(number))
    }
}
