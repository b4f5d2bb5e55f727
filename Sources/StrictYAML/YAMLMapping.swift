/// A mapping whose keys are taken one by one; what is left over is an error.
public struct YAMLMapping {
    private let place: YAMLValue
    private var entries: [(name: String, value: YAMLValue)]
    private var known: [String] = []

    init(place: YAMLValue, entries: [(String, YAMLValue)]) {
        self.place = place
        self.entries = entries.map { (name: $0.0, value: $0.1) }
    }

    /// Key path of this mapping.
    public var key: String { place.key }

    /// An error at this mapping.
    public func error(_ message: String) -> YAMLError { place.error(message) }

    /// Takes the value of a key that may be absent.
    public mutating func take(_ name: String) -> YAMLValue? {
        known.append(name)
        guard let index = entries.firstIndex(where: { $0.name == name }) else { return nil }
        return entries.remove(at: index).value
    }

    /// Whether a key is there that was not taken.
    public func has(_ name: String) -> Bool { entries.contains { $0.name == name } }

    /// Takes the value of a key that must be there.
    public mutating func require(_ name: String) throws(YAMLError) -> YAMLValue {
        guard let value = take(name) else {
            throw place.error("the key '\(name)' is missing")
        }
        return value
    }

    /// Everything that is left, for mappings with free keys.
    public mutating func takeAll() -> [(name: String, value: YAMLValue)] {
        defer { entries = [] }
        return entries
    }

    /// Fails if a key was not taken: it is unknown.
    public func finish() throws(YAMLError) {
        guard let (name, value) = entries.first else { return }
        throw value.error(
            "unknown key '\(name)', allowed are \(known.sorted().joined(separator: ", "))"
        )
    }
}
