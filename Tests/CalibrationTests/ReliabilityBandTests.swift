import Calibration
import Testing

@Suite struct ReliabilityBandTests {
    @Test func `The band is the beta-binomial's with Jeffreys' prior`() {
        let law = BetaBinomial(trials: 2000, alpha: 0.5, beta: 400.5)
        let band = ReliabilityBand.band(
            meanProbability: 0,
            calibrationEvents: 400,
            testEvents: 2000,
            level: 0.95
        )
        #expect(band.low == Double(law.quantile(0.025)) / 2000)
        #expect(band.high == Double(law.quantile(0.975)) / 2000)
        #expect(band.low == 0 && band.high > 0 && band.high < 0.02)
    }

    @Test("More calibration events narrow the band", arguments: [0.02, 0.5, 0.97])
    func narrows(mean: Double) {
        let widths = [0, 30, 300, 30_000].map { events in
            let band = ReliabilityBand.band(
                meanProbability: mean,
                calibrationEvents: events,
                testEvents: 500,
                level: 0.9
            )
            return band.high - band.low
        }
        #expect(widths == widths.sorted(by: >))
    }

    @Test func `No test events say nothing`() {
        let band = ReliabilityBand.band(
            meanProbability: 0.3,
            calibrationEvents: 10,
            testEvents: 0,
            level: 0.9
        )
        #expect(band == (0, 1))
    }
}
