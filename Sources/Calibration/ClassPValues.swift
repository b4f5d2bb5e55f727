/// Conformal p-values against one class, by the class's name.
public struct ClassPValues: Sendable, Equatable {
    /// The class, or "normal" for an anomaly score.
    public var name: String
    /// Its calibration.
    public var table: ConformalPValues

    /// One class.
    public init(name: String, table: ConformalPValues) {
        self.name = name
        self.table = table
    }
}
