/// Where the weight of an event is found, which says how much more often its kind comes in the data
/// than among the calibration events.
public enum EventWeight: Equatable, Sendable {
    /// A column of the request holds it.
    case column(BinColumn)
    /// The ratio of two histograms along a column gives it.
    case ratio(BinColumn, DensityRatio)

    /// The column.
    public var column: BinColumn {
        switch self {
        case .column(let column), .ratio(let column, _): column
        }
    }
}
