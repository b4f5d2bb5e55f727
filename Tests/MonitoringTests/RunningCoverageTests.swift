import Monitoring
import TestSupport
import Testing

@Suite struct RunningCoverageTests {
    @Test(
        "A bin stands as its share says",
        arguments: [
            (1.0, RunningCoverage.Standing.over), (0.9, .holds), (0.8, .under), (0.0, .under),
        ]
    )
    func standing(share: Double, wanted: RunningCoverage.Standing) {
        var coverage = RunningCoverage(coverage: 0.9, calibrationEvents: [10_000, 10_000])
        for event in 0..<500 {
            coverage.learn(bin: 1, isCovered: Double(event) < share * 500)
        }
        #expect(coverage.standing(bin: 1, level: 0.99) == wanted)
        #expect(coverage.standing(bin: 0, level: 0.99) == .unknown)
        #expect(coverage.share(bin: 1) == share && coverage.share(bin: 0).isNaN)
        #expect(coverage.events == [0, 500])
    }

    @Test func `A right calibration leaves its bands as rarely as the level says`() {
        var random = SeededRandom(seed: 1)
        let repetitions = 500
        var outside = 0
        for _ in 0..<repetitions {
            var coverage = RunningCoverage(coverage: 0.9, calibrationEvents: [200, 200, 200])
            for bin in 0..<3 {
                // k = 181 of 201: the true coverage of a calibration of uniform scores.
                let scores = (0..<200).map { _ in random.uniform() }.sorted()
                for _ in 0..<300 {
                    coverage.learn(bin: bin, isCovered: random.uniform() <= scores[180])
                }
            }
            let standings = (0..<3).map { coverage.standing(bin: $0, level: 0.95) }
            if standings.contains(where: { $0 != .holds }) { outside += 1 }
        }
        // 25 expected at most, 5 standard deviations above.
        #expect(outside <= 50)
    }

    @Test func `Few truths tell nothing, and counts go on`() {
        var coverage = RunningCoverage(
            coverage: 0.68,
            calibrationEvents: [100],
            events: [28],
            covered: [0]
        )
        coverage.learn(bin: 0, isCovered: false)
        #expect(coverage.standing(bin: 0, level: 0.99) == .unknown)
        coverage.learn(bin: 0, isCovered: true)
        #expect(coverage.standing(bin: 0, level: 0.99) == .under)
        #expect(coverage.covered == [1] && coverage.events == [30])
    }

    /// Of 2 bins with 500 calibration events and 5.
    private static func coverage(
        _ law: RunningCoverage.Law,
        share: Double
    ) -> RunningCoverage {
        RunningCoverage(
            coverage: 0.9,
            calibrationEvents: [500, 5],
            law: law,
            events: [1000, 1000],
            covered: [Int(share * 1000), Int(share * 1000)]
        )
    }

    @Test func `Each law has its own band`() {
        let exact = Self.coverage(.exact, share: 0.9).band(bin: 0, level: 0.99)
        let twoEnds = Self.coverage(.twoEnds, share: 0.9).band(bin: 0, level: 0.99)
        let atLeast = Self.coverage(.atLeast, share: 0.9).band(bin: 0, level: 0.99)
        #expect(twoEnds.low < exact.low && twoEnds.high > exact.high)
        #expect(atLeast.low == exact.low && atLeast.high == 1)
    }

    @Test func `What is promised from below alone is never over`() {
        for (share, wanted) in [(1.0, RunningCoverage.Standing.holds), (0.8, .under)] {
            let coverage = Self.coverage(.atLeast, share: share)
            #expect(coverage.standing(bin: 0, level: 0.99) == wanted)
            // 5 events give no finite quantile.
            #expect(coverage.standing(bin: 1, level: 0.99) == .unknown)
        }
        #expect(Self.coverage(.exact, share: 1).standing(bin: 0, level: 0.99) == .over)
        #expect(Self.coverage(.exact, share: 0.99).standing(bin: 1, level: 0.99) == .under)
    }
}
