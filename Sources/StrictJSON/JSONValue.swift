/// A JSON text as values.
///
/// A non-empty array of nothing but numbers is `numbers`: large files are mostly such arrays, and this
/// form is a fifth of the size.
package enum JSONValue: Equatable {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case numbers([Double])
    case array([JSONValue])
    case object([String: JSONValue])

    /// What it is, for a refusal.
    package var kind: String {
        switch self {
        case .null: "null"
        case .bool(let value): value ? "true" : "false"
        case .number(let value): NumberText.of(value)
        case .string(let text): "\"\(text)\""
        case .numbers(let values): "an array of \(values.count) numbers"
        case .array(let values): "an array of \(values.count) elements"
        case .object: "an object"
        }
    }
}
