/// Where the value comes from that chooses an event's bin.
public struct BinColumn: Sendable, Equatable {
    /// The tables that a column may be in.
    public enum Source: String, Sendable, CaseIterable {
        /// A tensor of the request.
        case input
        /// An output of the model.
        case output
        /// A column the request carries beside the tensors.
        case request
    }

    /// The table.
    public var source: Source
    /// The tensor's or column's name.
    public var name: String
    /// The component of an input that has several, by its name; nil for one of a single component.
    public var feature: String?

    /// A column; only an input has features.
    public init(
        source: Source,
        name: String,
        feature: String? = nil
    ) throws(CalibrationError) {
        self.source = source
        self.name = name
        self.feature = feature
        try check(path: "bin_column")
    }

    /// Refuses what `init` refuses; `path` names the column.
    func check(path: String) throws(CalibrationError) {
        try NameRule.check(name, path: "\(path).name")
        guard let feature else { return }
        guard source == .input else {
            throw CalibrationError(
                "\(path).feature",
                found: "\"\(feature)\" of a \(source.rawValue) column",
                allowed: "a feature of an input only"
            )
        }
        try NameRule.check(feature, path: "\(path).feature")
    }
}
