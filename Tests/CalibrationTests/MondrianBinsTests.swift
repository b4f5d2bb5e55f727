import Calibration
import Foundation
import Testing

@Suite struct MondrianBinsTests {
    @Test(
        "A value falls into the bin whose lower edge it reaches",
        arguments: [
            (-Double.infinity, 0), (644.9, 0), (645, 1), (1499, 1), (1500, 2), (7999, 2), (8000, 3),
            (.infinity, 3),
        ]
    )
    func place(value: Double, bin: Int) throws {
        let bins = try MondrianBins(edges: [645, 1500, 8000])
        #expect(bins.index(of: value) == bin)
        let range = bins.range(of: bin)
        #expect(value >= range.lower && (value < range.upper || value == .infinity))
    }

    @Test("The bin's number is a plain count of edges reached", arguments: 0...20)
    func plainCount(edges: Int) throws {
        let bins = try MondrianBins(edges: (0..<edges).map(Double.init))
        for half in -1...(2 * edges + 1) {
            let value = Double(half) / 2
            #expect(bins.index(of: value) == bins.edges.count { $0 <= value })
        }
    }

    @Test("Zeros of either sign are one number", arguments: [0.0, -0.0], [0.0, -0.0])
    func zeros(edge: Double, value: Double) throws {
        #expect(try MondrianBins(edges: [-1, edge, 1]).index(of: value) == 2)
    }

    @Test func `NaN falls into no bin`() throws {
        #expect(try MondrianBins(edges: [645]).index(of: .nan) == nil)
        #expect(MondrianBins.whole.index(of: .nan) == nil)
    }

    @Test(
        "A bin says its range",
        arguments: zip(0..<4, ["< 645", "[645, 1500.5)", "[1500.5, 8000)", ">= 8000"])
    )
    func label(bin: Int, text: String) throws {
        #expect(try MondrianBins(edges: [645, 1500.5, 8000]).label(bin) == text)
    }

    @Test func `No edges are one bin`() throws {
        let bins = try MondrianBins(edges: [])
        #expect(bins == .whole)
        #expect(bins.count == 1)
        #expect(bins.index(of: 3) == 0)
        #expect(bins.label(0) == "all")
    }

    @Test(
        "Edges that do not rise or are not finite are refused",
        arguments: [[1, 1], [2, 1], [Double.nan], [1, Double.infinity], [-Double.infinity]]
    )
    func refuse(edges: [Double]) {
        let error = #expect(throws: CalibrationError.self) { try MondrianBins(edges: edges) }
        #expect(error?.what == "bin_edges[\(edges.count - 1)]")
    }

    @Test func `Too many edges are refused`() {
        #expect(throws: CalibrationError.self) {
            try MondrianBins(edges: (0...MondrianBins.maximumEdges).map(Double.init))
        }
    }

    @Test func `Coding keeps the edges and checks them`() throws {
        let bins = try MondrianBins(edges: [0.1, 3])
        let data = try JSONEncoder().encode(bins)
        #expect(try JSONDecoder().decode(MondrianBins.self, from: data) == bins)
        #expect(throws: CalibrationError.self) {
            try JSONDecoder().decode(MondrianBins.self, from: Data("[2, 1]".utf8))
        }
    }
}
