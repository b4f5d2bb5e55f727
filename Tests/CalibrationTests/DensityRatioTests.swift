import Calibration
import TestSupport
import Testing

@Suite struct DensityRatioTests {
    @Test func `Weights are shares over shares`() throws {
        let ratio = try DensityRatio(
            data: [0.5, 1.5, 1.5, 1.5, 3.5],
            calibration: [0.5, 0.5, 1.5, 2.5],
            bins: MondrianBins(edges: [1, 2, 3])
        )
        #expect(ratio.ratios == [0.2 / 0.5, 0.6 / 0.25, 0, .infinity])
        #expect(ratio.weight(0) == 0.4 && ratio.weight(1) == 2.4 && ratio.weight(9) == .infinity)
        #expect(ratio.weight(.nan).isNaN)
    }

    @Test func `Weighted intervals repair a shift of the spectrum`() throws {
        // Residuals grow with the column; the data lie further out than the calibration.
        var random = SeededRandom(seed: 31)
        func events(_ count: Int, isData: Bool) -> [(column: Double, score: Double)] {
            (0..<count).map { _ in
                let u = random.uniform()
                let column = isData ? u.squareRoot() : 1 - u.squareRoot()
                return (column, abs(random.normal()) * (0.2 + column))
            }
        }
        let calibration = events(20_000, isData: false)
        let data = events(20_000, isData: true)
        let ratio = try DensityRatio(
            data: data.map(\.column),
            calibration: calibration.map(\.column),
            bins: MondrianBins(edges: (1..<20).map { Double($0) / 20 })
        )
        let plain = calibration.map(\.score).sorted()[Int(0.9 * 20_001)]
        let weighted = try WeightedScores(
            scores: calibration.map(\.score),
            weights: calibration.map { ratio.weight($0.column) }
        )
        let test = events(20_000, isData: true)
        let covered = test.count { $0.score <= plain }
        let repaired = test.count {
            $0.score <= weighted.quantile(coverage: 0.9, weight: ratio.weight($0.column))
        }
        #expect(Double(covered) / 20_000 < 0.82)
        #expect(abs(Double(repaired) / 20_000 - 0.9) < 0.015)
        #expect(weighted.effectiveEvents < 15_000 && weighted.effectiveEvents > 1000)
    }

    @Test func `What is no ratio is refused`() throws {
        let bins = try MondrianBins(edges: [1])
        #expect(throws: CalibrationError.self) {
            try DensityRatio(data: [], calibration: [1], bins: bins)
        }
        #expect(throws: CalibrationError.self) {
            try DensityRatio(data: [1], calibration: [.nan], bins: bins)
        }
        let histograms: [([Int], [Int])] = [
            ([1], [1, 1]), ([1, 1], [1]), ([1, -1], [1, 1]), ([0, 0], [1, 1]), ([1, 1], [0, 0]),
            ([.max, 1], [1, 1]),
        ]
        for (data, calibration) in histograms {
            #expect(throws: CalibrationError.self) {
                try DensityRatio(bins: bins, dataEvents: data, calibrationEvents: calibration)
            }
        }
    }
}
