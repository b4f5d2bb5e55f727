/// One thing wrong in a YAML file, as one line.
public struct YAMLError: Error, Sendable, Equatable, CustomStringConvertible {
    /// File as its reader named it.
    public let file: String
    /// Line, counted from 1.
    public let line: Int
    /// Key path, as "inputs[0].shape"; empty for the file as a whole.
    public let key: String
    /// What was found and what is allowed.
    public let message: String

    /// Something wrong at a line.
    public init(file: String, line: Int, key: String, message: String) {
        self.file = file
        self.line = line
        self.key = key
        self.message = message
    }

    /// "file:line: key: message".
    public var description: String {
        "\(file):\(line): \(key.isEmpty ? "" : "\(key): ")\(message)".onOneLine
    }
}
