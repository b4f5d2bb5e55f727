import Calibration
import TestSupport
import Testing

@Suite struct RiskControlTests {
    @Test func `The first setting that keeps the limit`() throws {
        // Nine events that miss, one less at each setting: (Σ + 1) / 10 is 1.0, 0.9, ... 0.1.
        let sums = (0...9).map { Double(9 - $0) }
        for (limit, wanted) in [(0.1, 9), (0.15, 9), (0.2, 8), (0.55, 5), (1, 0)] {
            let found = try RiskControl.firstSetting(
                sums: sums,
                events: 9,
                largestLoss: 1,
                limit: limit
            )
            #expect(found == wanted, "\(limit)")
        }
        let none = try RiskControl.firstSetting(
            sums: sums,
            events: 9,
            largestLoss: 1,
            limit: 0.05
        )
        #expect(none == nil)
    }

    @Test func `The expected loss stays below the limit`() throws {
        var random = SeededRandom(seed: 4)
        let (repetitions, events, limit) = (2000, 50, 0.2)
        let settings = (0...100).map { Double($0) / 100 }
        var sum = 0.0
        for _ in 0..<repetitions {
            let scores = (0..<events).map { _ in random.uniform() }
            let sums = settings.map { setting in
                scores.reduce(0) { $0 + ($1 > setting ? $1 : 0) }
            }
            let found = try #require(
                try RiskControl.firstSetting(
                    sums: sums,
                    events: events,
                    largestLoss: 1,
                    limit: limit
                )
            )
            let new = random.uniform()
            sum += new > settings[found] ? new : 0
        }
        let mean = sum / Double(repetitions)
        #expect(mean < limit + 5 * 0.4 / Double(repetitions).squareRoot())
        #expect(mean > limit / 2)
    }

    @Test(
        "Losses that are none are refused",
        arguments: [
            ([0.5, 0.6], 1, "sums[1]"), ([1.5], 1, "sums[0]"), ([-0.5], 1, "sums[0]"),
            ([.nan], 1, "sums[0]"), ([0.5], 0, "events"),
        ] as [([Double], Int, String)]
    )
    func refuse(sums: [Double], events: Int, what: String) {
        let error = #expect(throws: CalibrationError.self) {
            try RiskControl.firstSetting(
                sums: sums,
                events: events,
                largestLoss: 1,
                limit: 0.1
            )
        }
        #expect(error?.what == what)
    }

    @Test("Limits that are none are refused", arguments: [0, -1, .nan, .infinity] as [Double])
    func refuse(limit: Double) {
        let error = #expect(throws: CalibrationError.self) {
            try RiskControl.firstSetting(sums: [0], events: 1, largestLoss: 1, limit: limit)
        }
        #expect(error?.what == "limit")
    }
}
