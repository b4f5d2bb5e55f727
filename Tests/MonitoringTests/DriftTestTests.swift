import Calibration
import Monitoring
import TestSupport
import Testing

@Suite struct DriftTestTests {
    private static func bins(_ count: Int) throws -> MondrianBins {
        try MondrianBins(edges: (1..<count).map(Double.init))
    }

    @Test("Both tests are those of scipy", arguments: Golden.shared.drift.indices)
    func reference(index: Int) throws {
        let golden = Golden.shared.drift[index]
        let reference = try ReferenceHistogram(
            bins: Self.bins(golden.reference.count),
            counts: golden.reference
        )
        let found = DriftTest(window: golden.window, reference: reference)
        #expect(found.degrees == golden.degrees)
        #expect(abs(found.chiSquare - golden.chi_square) < 1e-9 * (1 + golden.chi_square))
        #expect(abs(found.chiSquarePValue - golden.chi_square_p) < 1e-9)
        #expect(abs(found.distance - golden.distance) < 1e-12)
        #expect(found.events == golden.window.reduce(0, +))
    }

    @Test func `Sparse bins are merged, and one bin tells nothing`() throws {
        let reference = try ReferenceHistogram(
            bins: Self.bins(6),
            counts: [100, 1, 0, 0, 2, 97]
        )
        #expect(DriftTest(window: [50, 0, 0, 0, 0, 50], reference: reference).degrees == 1)
        let few = DriftTest(window: [2, 0, 0, 0, 0, 2], reference: reference)
        #expect(few.degrees == 0 && few.chiSquarePValue == 1)
        let elsewhere = DriftTest(window: [0, 0, 80, 0, 0, 0], reference: reference)
        #expect(elsewhere.pValue < 1e-20 && elsewhere.distance > 0.4)
    }

    @Test func `Alarms are as rare as the level says, and a shift is found`() throws {
        var random = SeededRandom(seed: 9)
        let bins = try ReferenceHistogram.equalShares(
            (0..<20_000).map { _ in random.normal() },
            count: 40
        )
        let repetitions = 300
        var (alarms, found) = (0, 0)
        for _ in 0..<repetitions {
            let reference = try ReferenceHistogram(
                values: (0..<2000).map { _ in random.normal() },
                bins: bins
            )
            func counts(shift: Double) -> [Int] {
                var counts = [Int](repeating: 0, count: bins.count)
                for _ in 0..<1000 { counts[bins.index(of: random.normal() + shift) ?? 0] += 1 }
                return counts
            }
            if DriftTest(window: counts(shift: 0), reference: reference).pValue <= 0.05 {
                alarms += 1
            }
            if DriftTest(window: counts(shift: 0.3), reference: reference).pValue <= 0.001 {
                found += 1
            }
        }
        // 15 expected at most; five standard deviations above.
        #expect(alarms <= 34)
        #expect(found > repetitions * 95 / 100)
    }
}
