import Calibration
import Testing

@Suite struct ConformalRankTests {
    @Test("The rank is that of exact rational arithmetic", arguments: 1...200)
    func rational(events: Int) {
        for thousandths in 1..<1000 {
            let coverage = Double(thousandths) / 1000
            let exact = ((events + 1) * thousandths + 999) / 1000
            #expect(ConformalRank.rank(events: events, coverage: coverage) == exact)
            let exactOneEnd = ((events + 1) * (1000 + thousandths) + 1999) / 2000
            #expect(ConformalRank.rankOfOneEnd(events: events, coverage: coverage) == exactOneEnd)
        }
    }

    @Test(
        "Large samples and long decimals are exact too",
        arguments: [999, 9_999, 99_999, 999_999, 123_456, 7_654_320]
    )
    func large(events: Int) {
        for (millionths, coverage) in [
            (900_000, 0.9), (990_000, 0.99), (682_689, 0.682689), (999_999, 0.999999),
            (954_500, 0.9545),
        ] {
            let exact = ((events + 1) * millionths + 999_999) / 1_000_000
            #expect(ConformalRank.rank(events: events, coverage: coverage) == exact)
        }
    }

    @Test(
        "Coverages without meaning give the cautious end",
        arguments: [(0.0, 1), (-1, 1), (1, 11), (2, 11), (.nan, 11), (.infinity, 11)]
    )
    func total(coverage: Double, rank: Int) {
        #expect(ConformalRank.rank(events: 10, coverage: coverage) == rank)
    }

    @Test("The fewest events are those whose rank fits", arguments: 1...999)
    func fewest(thousandths: Int) {
        let coverage = Double(thousandths) / 1000
        let fewest = ConformalRank.fewestEvents(coverage: coverage)
        #expect(ConformalRank.rank(events: fewest, coverage: coverage) <= fewest)
        guard fewest > 0 else { return }
        #expect(ConformalRank.rank(events: fewest - 1, coverage: coverage) > fewest - 1)
    }
}
