/// Bins over up to two columns at once: a cell of the grid has a calibration of its own.
///
/// Cells are numbered with the bins of the last axis running fastest. Without axes there is one.
public struct MondrianGrid: Equatable, Sendable {
    /// The most columns that are cut; each starves the cells of events by as many bins as it has.
    public static let maximumAxes = 2
    /// The most cells of one grid.
    public static let maximumCells = MondrianBins.maximumEdges + 1

    /// One cell: everything.
    public static let whole = MondrianGrid()

    /// The bins of each column.
    public let axes: [MondrianBins]
    /// How many cells.
    public let count: Int

    private init() {
        axes = []
        count = 1
    }

    /// The bins of one column.
    public init(_ bins: MondrianBins) {
        axes = [bins]
        count = bins.count
    }

    /// Refuses more axes or cells than there may be.
    public init(axes: [MondrianBins]) throws(CalibrationError) {
        guard axes.count <= Self.maximumAxes else {
            throw CalibrationError(
                "bin_edges",
                found: "\(axes.count) columns",
                allowed: "at most \(Self.maximumAxes)"
            )
        }
        let count = axes.reduce(1) { $0 * $1.count }
        guard count <= Self.maximumCells else {
            throw CalibrationError(
                "bin_edges",
                found: "\(count) bins in all",
                allowed: "at most \(Self.maximumCells)"
            )
        }
        self.axes = axes
        self.count = count
    }

    /// The cell of an event with these values of the columns; nil if one is NaN.
    ///
    /// O(log count). As many values as axes.
    public func index(of values: [Double]) -> Int? {
        precondition(values.count == axes.count, "a value for each axis")
        var cell = 0
        for (axis, value) in zip(axes, values) {
            guard let bin = axis.index(of: value) else { return nil }
            cell = cell * axis.count + bin
        }
        return cell
    }

    /// The cells of `count` events whose columns are `columns`, one list an axis.
    ///
    /// Refuses lists of another length and NaN; `name` says what they are.
    public func indices(
        of columns: [[Double]],
        count: Int,
        name: String
    ) throws(CalibrationError) -> [Int] {
        guard columns.count == axes.count, columns.allSatisfy({ $0.count == count }) else {
            throw CalibrationError(
                name,
                found: columns.map { "\($0.count)" }.joined(separator: " and ") + " values",
                allowed: "\(count) values of each of \(axes.count) columns"
            )
        }
        var cells = [Int](repeating: 0, count: count)
        for (number, axis) in axes.enumerated() {
            for (row, value) in columns[number].enumerated() {
                guard let bin = axis.index(of: value) else {
                    throw CalibrationError(
                        "\(name)[\(number)][\(row)]",
                        found: "nan",
                        allowed: "a number"
                    )
                }
                cells[row] = cells[row] * axis.count + bin
            }
        }
        return cells
    }

    /// The bin of each axis that a cell lies in.
    public func bins(of cell: Int) -> [Int] {
        precondition(cell >= 0 && cell < count, "no such cell")
        var rest = cell
        var bins: [Int] = []
        for axis in axes.reversed() {
            bins.append(rest % axis.count)
            rest /= axis.count
        }
        return bins.reversed()
    }

    /// The cell in words: "[645, 1500)", "< 20, >= 8000", or "all" for the only one.
    public func label(_ cell: Int) -> String {
        let bins = bins(of: cell)
        guard !bins.isEmpty else { return "all" }
        return zip(axes, bins).map { $0.label($1) }.joined(separator: ", ")
    }
}
