import Calibration
import Monitoring
import TestSupport
import Testing

@Suite struct StreamDriftTests {
    private static let events = 10_000

    /// References of standard normal values, the second one shifted, and the bins of both.
    private static func references() throws -> (MondrianBins, [StreamDrift.Reference]) {
        var random = SeededRandom(seed: 31)
        let sample = (0..<40_000).map { _ in random.normal() }
        let bins = try ReferenceHistogram.equalShares(sample, count: 50)
        let other = (0..<40_000).map { _ in random.normal() + 0.5 }
        return (
            bins,
            [
                .init(
                    kind: .simulation,
                    histograms: [try ReferenceHistogram(values: sample, bins: bins)]
                ),
                .init(kind: .data, histograms: [try ReferenceHistogram(values: other, bins: bins)]),
            ]
        )
    }

    private static func window(
        _ bins: MondrianBins,
        _ random: inout SeededRandom,
        shift: Double
    ) -> StreamDrift.Window {
        var counts = [Int](repeating: 0, count: bins.count)
        for _ in 0..<events { counts[bins.index(of: random.normal() + shift) ?? 0] += 1 }
        return StreamDrift.Window(counts: [counts], nonfinite: [0])
    }

    @Test func `Each reference is judged for itself`() throws {
        let (bins, references) = try Self.references()
        var random = SeededRandom(seed: 32)
        var drift = StreamDrift(names: ["x"], references: references, seed: 1)
        #expect(drift.last == nil && drift.windows == 0)
        let window = Self.window(bins, &random, shift: 0)
        drift.judge(window)
        #expect(drift.last == window && drift.windows == 1)
        #expect(drift.alarms == [0, 1])
        let found = drift.comparisons.map { $0[0] }
        #expect(found.map(\.alarms) == [0, 1])
        #expect(found[0].feature?.isAlarm == false && found[1].feature?.isAlarm == true)
        let expected = DriftTest(window: window.counts[0], reference: references[1].histograms[0])
        #expect(found[1].feature?.test == expected)
        #expect(found.allSatisfy { $0.martingale.events == Self.events / StreamDrift.eventsPerBet })
    }

    @Test func `Martingales find a shift in time and do not cry wolf`() throws {
        let (bins, references) = try Self.references()
        var random = SeededRandom(seed: 33)
        var drift = StreamDrift(names: ["x"], references: references, seed: 2)
        for _ in 0..<50 { drift.judge(Self.window(bins, &random, shift: 0)) }
        let chance = StreamDrift.martingaleChance
        #expect(!drift.comparisons[0][0].martingale.isAlarm(chance: chance))
        #expect(drift.comparisons[1][0].martingale.isAlarm(chance: chance))
        #expect(drift.alarms == [0, 50])
    }

    @Test func `What is bet on is a sample of the window, the same for the same seed`() throws {
        let (bins, references) = try Self.references()
        var random = SeededRandom(seed: 34)
        let window = Self.window(bins, &random, shift: 0.2)
        var capitals: [Double] = []
        for seed: UInt64 in [5, 5, 6] {
            var drift = StreamDrift(names: ["x"], references: references, seed: seed)
            drift.judge(window)
            capitals.append(drift.comparisons[0][0].martingale.logCapital)
        }
        #expect(capitals[0] == capitals[1] && capitals[0] != capitals[2])
    }

    @Test func `A value without a finite event is not tested and does not hide others`() throws {
        let (bins, references) = try Self.references()
        var random = SeededRandom(seed: 35)
        let doubled = references.map {
            StreamDrift.Reference(kind: $0.kind, histograms: [$0.histograms[0], $0.histograms[0]])
        }
        var drift = StreamDrift(names: ["x", "y"], references: doubled, seed: 3)
        let full = Self.window(bins, &random, shift: 0.5).counts[0]
        let empty = [Int](repeating: 0, count: bins.count)
        drift.judge(.init(counts: [empty, full], nonfinite: [Self.events, 0]))
        #expect(drift.comparisons[0][0].feature == nil)
        #expect(drift.comparisons[0][0].martingale.events == 0)
        #expect(drift.comparisons[0][1].feature?.isAlarm == true)
        #expect(drift.comparisons[1][1].feature?.isAlarm == false)
    }
}
