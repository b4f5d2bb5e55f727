import Calibration
import TestSupport
import Testing

@Suite struct VennAbersTests {
    @Test("Pairs are those of venn-abers", arguments: Golden.shared.venn_abers.indices)
    func reference(index: Int) throws {
        let events = Golden.shared.venn_abers[index]
        let vennAbers = try VennAbers.fit(
            scores: events.scores,
            labels: events.labels.map { $0 == 1 }
        )
        let pairs = events.test.map { vennAbers.pair($0) }
        let merged = pairs.map { VennAbers.merged(p0: $0.p0, p1: $0.p1) }
        // The library cumulates in floating point; ours is correctly rounded.
        #expect(largestDifference(pairs.map(\.p0), events.p0) <= 1e-12)
        #expect(largestDifference(pairs.map(\.p1), events.p1) <= 1e-12)
        #expect(largestDifference(merged, events.merged) <= 1e-12)
    }

    @Test("Pairs are those of the definition, bit for bit", arguments: 1...300)
    func definition(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let count = Int.random(in: 2...14, using: &random)
        let places = Int.random(in: 1...12, using: &random)
        let scores = (0..<count).map { _ in Double(Int.random(in: 0..<places, using: &random)) }
        var labels = (0..<count).map { _ in Bool.random(using: &random) }
        labels[0] = true
        labels[1] = false
        let vennAbers = try VennAbers.fit(scores: scores, labels: labels)
        #expect(vennAbers.events == count)
        #expect(vennAbers.prior == Double(labels.count { $0 }) / Double(count))
        var before = (p0: 0.0, p1: 0.0)
        // On every place, between the places, and beyond both ends.
        for half in -2...(2 * places + 1) {
            let score = Double(half) / 2
            let pair = vennAbers.pair(score)
            #expect(pair.p0 == refitted(scores, labels, adding: score, false))
            #expect(pair.p1 == refitted(scores, labels, adding: score, true))
            #expect(pair.p0 <= pair.p1)
            #expect(pair.p0 >= before.p0 && pair.p1 >= before.p1)
            before = pair
        }
    }

    @Test func `Beyond the calibration scores one side knows nothing`() throws {
        let vennAbers = try VennAbers.fit(
            scores: [0.2, 0.4, 0.6, 0.8],
            labels: [false, true, false, true]
        )
        #expect(vennAbers.pair(-.infinity).p0 == 0)
        #expect(vennAbers.pair(.infinity).p1 == 1)
        let unknown = vennAbers.pair(.nan)
        #expect(unknown.p0.isNaN && unknown.p1.isNaN)
    }

    @Test("Zeros of either sign are one place", arguments: [0.0, -0.0], [0.0, -0.0])
    func zeros(calibrated: Double, asked: Double) throws {
        let vennAbers = try VennAbers.fit(
            scores: [-1, calibrated, -calibrated, 1],
            labels: [false, true, false, true]
        )
        #expect(vennAbers.pair(asked) == (1.0 / 3, 2.0 / 3))
    }

    @Test func `The merged probability lies between the pair`() {
        #expect(VennAbers.merged(p0: 0, p1: 0.25) == 0.2)
        #expect(VennAbers.merged(p0: 0.5, p1: 0.5) == 0.5)
        #expect(VennAbers.merged(p0: 0, p1: 0) == 0)
        #expect(VennAbers.merged(p0: 1, p1: 1) == 1)
    }

    @Test(
        "A sample that cannot calibrate is refused",
        arguments: [
            ([0.1, 0.2], [true, true], "labels"), ([0.1, 0.2], [false, false], "labels"),
            ([], [], "labels"), ([0.1], [true, false], "labels"),
            ([0.1, .nan], [true, false], "scores[1]"),
            ([-Double.infinity, 1], [true, false], "scores[0]"),
        ]
    )
    func refuse(scores: [Double], labels: [Bool], what: String) {
        let error = #expect(throws: CalibrationError.self) {
            try VennAbers.fit(scores: scores, labels: labels)
        }
        #expect(error?.what == what)
    }

    /// The definition: isotonic regression of the events and one more, by the max-min formula in
    /// whole numbers, evaluated at the one more.
    private func refitted(
        _ scores: [Double],
        _ labels: [Bool],
        adding score: Double,
        _ label: Bool
    ) -> Double {
        let all = zip(scores + [score], labels + [label]).sorted { $0.0 < $1.0 }
        let places = Array(Set(all.map(\.0))).sorted()
        func mean(_ from: Double, _ to: Double) -> Double {
            let block = all.filter { $0.0 >= from && $0.0 <= to }
            return Double(block.count { $0.1 }) / Double(block.count)
        }
        let below = places.filter { $0 <= score }
        let above = places.filter { $0 >= score }
        return above.map { to in below.map { mean($0, to) }.max() ?? 0 }.min() ?? 1
    }
}
