import Calibration
import Monitoring
import TestSupport
import Testing

@Suite struct DriftVerdictTests {
    private static let limits = DriftVerdict.Limits(rate: 1e-4, distance: 0.02)

    /// The test of a window of `events` whose two bins are off by `difference`.
    private static func test(_ events: Int, difference: Double) throws -> DriftTest {
        let reference = try ReferenceHistogram(
            bins: MondrianBins(edges: [0]),
            counts: [500_000, 500_000]
        )
        let below = Int((Double(events) * (0.5 + difference)).rounded())
        return DriftTest(window: [below, events - below], reference: reference)
    }

    @Test(
        "An alarm is significant and large",
        arguments: [
            // Significant, but too small to matter.
            (100_000, 0.01, false),
            // Large, but of too few events.
            (100, 0.1, false), (10_000, 0.03, true), (10_000, 0, false),
        ]
    )
    func both(events: Int, difference: Double, isAlarm: Bool) throws {
        let test = try Self.test(events, difference: difference)
        let verdict = DriftVerdict([("s2", test)], limits: Self.limits)
        #expect(verdict.isAlarm == isAlarm)
        #expect(verdict.features[0].qValue == test.pValue)
        #expect(verdict.features[0].name == "s2")
    }

    @Test func `Many values watched cost significance`() throws {
        let strange = try Self.test(2000, difference: 0.0475)
        let usual = try Self.test(2000, difference: 0)
        #expect(strange.pValue < 1e-4 && strange.pValue > 1e-5)
        let alone = DriftVerdict([("a", strange)], limits: Self.limits)
        let among = DriftVerdict(
            [("a", strange)] + (0..<99).map { ("\($0)", usual) },
            limits: Self.limits
        )
        #expect(alone.isAlarm && !among.isAlarm)
        #expect(among.features.count == 100)
        #expect(abs(among.features[0].qValue - 100 * strange.pValue) < 1e-12)
    }
}
