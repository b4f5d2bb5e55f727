/// A data file cannot be used; one line says where and why.
public struct DatasetError: Error, Sendable, Equatable, CustomStringConvertible {
    /// File, and the array in it where one is concerned.
    public let place: String
    /// What was found and what is allowed.
    public let message: String

    /// Something wrong with a file; what does not print is written as escapes.
    public init(_ place: String, _ message: String) {
        self.place = PlainText.of(place)
        self.message = PlainText.of(message)
    }

    /// One line.
    public var description: String { "\(place): \(message)" }
}
