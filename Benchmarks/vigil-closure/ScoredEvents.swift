import Calibration
import Datasets

/// Held-out events and what the models of a daemon answered of them, raw.
struct ScoredEvents {
    /// Edges of position-cnn's bins, along the S2 light of the top array, phd.
    let lightBins: MondrianGrid
    /// Edges of the bins of the other models, along the corrected S1, phd.
    let pulseBins: MondrianGrid

    private let data: Dataset

    init(_ data: Dataset) throws {
        self.data = data
        lightBins = MondrianGrid(try MondrianBins(edges: data.array("light_edges").doubles))
        pulseBins = MondrianGrid(try MondrianBins(edges: data.array("pulse_edges").doubles))
    }

    /// A column by name.
    func column(_ name: String) throws -> [Double] { try data.array(name).doubles }

    /// Rows of the calibration and the test split: all of these kinds, or only those of one split.
    func rows(kinds: ClosedRange<Int>, isCalibration: Bool? = nil) throws -> [Int] {
        let kind = try column("kind")
        let split = try column("is_calibration")
        return kind.indices.filter { row in
            kinds.contains(Int(kind[row]))
                && isCalibration.map { $0 == (split[row] == 1) } ?? true
        }
    }

    /// What position-cnn's x of rows is and what was answered of it; its scale is that of a normal law
    /// with the same 5 % and 95 % quantiles.
    func positions(_ rows: [Int], axis: String = "x") throws -> [SplitConformal.Sample] {
        let truth = try column("true_\(axis)")
        let value = try column(axis)
        let lower = try column("\(axis)_low")
        let upper = try column("\(axis)_high")
        return rows.map { row in
            SplitConformal.Sample(
                truth: truth[row],
                value: value[row],
                lower: lower[row],
                upper: upper[row],
                sigma: (upper[row] - lower[row]) / Self.widthOfNormal
            )
        }
    }

    /// Standard deviations between the 5 % and the 95 % quantile of a normal law.
    private static let widthOfNormal = 3.2897
}

extension Array {
    /// The elements at these places.
    func at(_ places: [Int]) -> [Element] { places.map { self[$0] } }
}

extension [Int] {
    /// The places of each of `count` numbers in a list of them.
    func members(_ count: Int) -> [[Int]] {
        var members = [[Int]](repeating: [], count: count)
        for (index, number) in enumerated() { members[number].append(index) }
        return members
    }
}

extension [Double] {
    var mean: Double { reduce(0, +) / Double(count) }

    /// Standard deviation, by n - 1.
    var deviation: Double {
        let mean = mean
        return (reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(count - 1)).squareRoot()
    }
}
