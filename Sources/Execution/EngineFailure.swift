/// Something outside broke: a library, a device, a file.
public struct EngineFailure: Error, Sendable, Equatable, CustomStringConvertible {
    /// The call that failed, as "CreateSession".
    public let call: String
    /// The library's own words.
    public let message: String

    /// A failure of `call`.
    public init(call: String, message: String) {
        self.call = call
        self.message = message
    }

    /// One line.
    public var description: String {
        "\(call): \(message.split(whereSeparator: \.isNewline).joined(separator: " "))"
    }
}
