import Calibration
import Testing

@Suite struct RankStatisticsTests {
    @Test("The area is scikit-learn's", arguments: Golden.shared.ranking.indices)
    func reference(index: Int) throws {
        let golden = Golden.shared.ranking[index]
        let auc = try RankStatistics.auc(
            scores: golden.scores,
            labels: golden.labels.map { $0 == 1 }
        )
        #expect(abs(auc - golden.auc) <= 1e-14)
    }

    @Test(
        "Order decides, ties count half",
        arguments: [
            ([1, 2, 3, 4], 1.0), ([4, 3, 2, 1], 0), ([1, 1, 1, 1], 0.5), ([1, 3, 2, 4], 0.75),
            ([1, 2, 2, 4], 0.875), ([-Double.infinity, 0, 0, Double.infinity], 0.875),
        ] as [([Double], Double)]
    )
    func order(scores: [Double], area: Double) throws {
        #expect(try RankStatistics.auc(scores: scores, labels: [false, false, true, true]) == area)
    }

    @Test(
        "What cannot be ranked is refused",
        arguments: [
            ([1, 2], [true, true], "labels"), ([], [], "labels"), ([1], [true, false], "labels"),
            ([.nan, 1], [true, false], "scores[0]"),
        ] as [([Double], [Bool], String)]
    )
    func refuse(scores: [Double], labels: [Bool], what: String) {
        let error = #expect(throws: CalibrationError.self) {
            try RankStatistics.auc(scores: scores, labels: labels)
        }
        #expect(error?.what == what)
    }
}
