import Calibration
import Monitoring
import TestSupport
import Testing

@Suite struct ReferenceHistogramTests {
    @Test func `Equal shares cut where the events are`() throws {
        var random = SeededRandom(seed: 2)
        let values = (0..<10_000).map { _ in random.normal() * random.normal() }
        let bins = try ReferenceHistogram.equalShares(values, count: 20)
        let histogram = try ReferenceHistogram(values: values, bins: bins)
        #expect(bins.count == 20 && histogram.events == 10_000)
        #expect(histogram.counts.allSatisfy { abs($0 - 500) <= 1 })
    }

    @Test func `Equal values share a bin`() throws {
        let values = [Double](repeating: 3, count: 500) + (0..<500).map(Double.init)
        let bins = try ReferenceHistogram.equalShares(values, count: 10)
        #expect(bins.count < 10)
        #expect(try ReferenceHistogram.equalShares([7, 7, 7], count: 10).count == 1)
        #expect(try ReferenceHistogram.equalShares([.nan, 1, 2], count: 2).edges == [2])
        #expect(throws: CalibrationError.self) {
            try ReferenceHistogram.equalShares([.nan], count: 3)
        }
    }

    @Test func `p-values of events like the reference are uniform`() throws {
        var random = SeededRandom(seed: 3)
        let values = (0..<5000).map { _ in random.normal() }
        let bins = try ReferenceHistogram.equalShares(values, count: 30)
        let histogram = try ReferenceHistogram(values: values, bins: bins)
        let pValues = (0..<5000).map { _ in
            histogram.pValue(
                bin: bins.index(of: random.normal()) ?? 0,
                uniform: random.uniform()
            )
        }
        let uniform = (0..<5000).map { (Double($0) + 0.5) / 5000 }
        #expect(try KolmogorovSmirnov.twoSample(pValues, uniform).pValue > 0.001)
        #expect(histogram.pValue(bin: 29, uniform: 0) == 0)
        #expect(histogram.pValue(bin: 0, uniform: 0.999_999) < 1)
    }

    @Test func `What is no histogram is refused`() throws {
        let bins = try MondrianBins(edges: [1])
        #expect(throws: CalibrationError.self) {
            try ReferenceHistogram(bins: bins, counts: [500])
        }
        #expect(throws: CalibrationError.self) {
            try ReferenceHistogram(bins: bins, counts: [500, -1])
        }
        #expect(throws: CalibrationError.self) {
            try ReferenceHistogram(bins: bins, counts: [50, 49])
        }
        #expect(throws: CalibrationError.self) {
            try ReferenceHistogram(values: [Double](repeating: .nan, count: 200), bins: bins)
        }
    }
}
