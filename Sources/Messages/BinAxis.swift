/// A column that calibration bins cut, and where.
public struct BinAxis: Sendable, Equatable {
    /// Where the column is: "input", "output" or "request".
    public var source: String
    /// Tensor or column.
    public var name: String
    /// Component of a one-dimensional input, or empty.
    public var feature: String
    /// Interior edges, one fewer than bins.
    public var edges: [Double]

    /// A column and its edges.
    public init(source: String, name: String, feature: String = "", edges: [Double]) {
        self.source = source
        self.name = name
        self.feature = feature
        self.edges = edges
    }
}
