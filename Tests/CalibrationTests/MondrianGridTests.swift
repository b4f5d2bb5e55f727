import Calibration
import TestSupport
import Testing

@Suite struct MondrianGridTests {
    private static func grid() throws -> MondrianGrid {
        try MondrianGrid(axes: [MondrianBins(edges: [10, 20]), MondrianBins(edges: [0])])
    }

    @Test func `Cells run along the last axis first`() throws {
        let grid = try Self.grid()
        #expect(grid.count == 6)
        #expect(grid.index(of: [5, -1]) == 0 && grid.index(of: [5, 0]) == 1)
        #expect(grid.index(of: [10, -1]) == 2 && grid.index(of: [99, 7]) == 5)
        #expect(grid.index(of: [.nan, 0]) == nil && grid.index(of: [0, .nan]) == nil)
        #expect(grid.bins(of: 3) == [1, 1])
        #expect(
            (0..<6).map(grid.label) == [
                "< 10, < 0", "< 10, >= 0", "[10, 20), < 0", "[10, 20), >= 0", ">= 20, < 0",
                ">= 20, >= 0",
            ]
        )
    }

    @Test func `Without axes there is one cell`() {
        #expect(MondrianGrid.whole.count == 1)
        #expect(MondrianGrid.whole.index(of: []) == 0)
        #expect(MondrianGrid.whole.label(0) == "all")
        #expect(MondrianGrid.whole.bins(of: 0) == [])
    }

    @Test("Columns give the same cells as events", arguments: 1...20 as ClosedRange<UInt64>)
    func columns(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let grid = try Self.grid()
        let columns = [
            (0..<50).map { _ in 40 * random.uniform() - 5 }, (0..<50).map { _ in random.normal() },
        ]
        let cells = try grid.indices(of: columns, count: 50, name: "columns")
        for row in 0..<50 {
            #expect(cells[row] == grid.index(of: [columns[0][row], columns[1][row]]))
            let bins = grid.bins(of: cells[row])
            #expect(
                bins == [
                    grid.axes[0].index(of: columns[0][row]),
                    grid.axes[1].index(of: columns[1][row]),
                ]
            )
        }
    }

    @Test func `Columns that do not fit are refused`() throws {
        let grid = try Self.grid()
        for columns in [[[1, 2]], [[1, 2], [1]], [[1, 2], [1, 2], [1, 2]]] as [[[Double]]] {
            let error = #expect(throws: CalibrationError.self) {
                try grid.indices(of: columns, count: 2, name: "columns")
            }
            #expect(error?.what == "columns")
        }
        let error = #expect(throws: CalibrationError.self) {
            try grid.indices(of: [[1, 2], [1, .nan]], count: 2, name: "columns")
        }
        #expect(error?.what == "columns[1][1]")
    }

    @Test func `Too many columns or cells are refused`() throws {
        let many = try MondrianBins(edges: (0..<100).map(Double.init))
        #expect(throws: CalibrationError.self) { try MondrianGrid(axes: [many, many]) }
        let few = try MondrianBins(edges: [0])
        #expect(throws: CalibrationError.self) { try MondrianGrid(axes: [few, few, few]) }
    }
}
