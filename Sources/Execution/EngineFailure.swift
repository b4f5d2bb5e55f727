/// Something outside broke: a library, a device, a file.
public struct EngineFailure: Error, Sendable, Equatable, CustomStringConvertible {
    /// The call that failed, as "CreateSession".
    public let call: String
    /// The library's own words.
    public let message: String
    /// Whether the device is gone, so that no later run will do better.
    public let isDeviceLost: Bool

    /// A failure of `call`.
    public init(call: String, message: String, isDeviceLost: Bool = false) {
        self.call = call
        self.message = message
        self.isDeviceLost = isDeviceLost
    }

    /// One line.
    public var description: String {
        "\(call): \(message.split(whereSeparator: \.isNewline).joined(separator: " "))"
    }
}
