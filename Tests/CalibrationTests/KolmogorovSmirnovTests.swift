import Calibration
import TestSupport
import Testing

@Suite struct KolmogorovSmirnovTests {
    @Test("Statistic and p-value are scipy's", arguments: Golden.shared.kolmogorov_smirnov.indices)
    func reference(index: Int) throws {
        let golden = Golden.shared.kolmogorov_smirnov[index]
        let test = try KolmogorovSmirnov.twoSample(golden.first, golden.second)
        #expect(abs(test.statistic - golden.statistic) <= 1e-15)
        #expect(test.firstEvents == golden.first.count)
        #expect(test.secondEvents == golden.second.count)
        // Exact law: rounding. Large samples: scipy takes the one-sample law at the effective size,
        // we Kolmogorov's limit with Stephens' term; they differ in the third decimal.
        #expect(abs(test.pValue - golden.p) <= (golden.method == "exact" ? 1e-12 : 5e-3))
    }

    @Test func `The limit takes over from the exact law without a step`() throws {
        var random = SeededRandom(seed: 5)
        for shift in [0.0, 0.02, 0.04, 0.08] {
            let first = (0..<2001).map { _ in random.normal() }
            let second = (0..<2001).map { _ in random.normal() + shift }
            let limit = try KolmogorovSmirnov.twoSample(first, second)
            let exact = try KolmogorovSmirnov.twoSample(first.dropLast(2), second.dropLast(2))
            #expect(abs(limit.pValue - exact.pValue) < 0.03)
        }
    }

    @Test func `Samples alike and samples apart`() throws {
        let same = try KolmogorovSmirnov.twoSample([1, 2, 2, 3], [1, 2, 2, 3])
        #expect(same.statistic == 0 && same.pValue == 1)
        let apart = try KolmogorovSmirnov.twoSample([1, 2, 3], [4, 5, 6])
        #expect(apart.statistic == 1)
        #expect(abs(apart.pValue - 0.1) < 1e-15)
    }

    @Test(
        "What cannot be compared is refused",
        arguments: [([], [1], "first"), ([1], [], "second"), ([1], [0, .nan], "second[1]")]
    )
    func refuse(first: [Double], second: [Double], what: String) {
        let error = #expect(throws: CalibrationError.self) {
            try KolmogorovSmirnov.twoSample(first, second)
        }
        #expect(error?.what == what)
    }

    @Test("Uniformity of p-values is the two-sample test of their scores", arguments: 1...30)
    func uniformity(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let calibration = (0..<Int.random(in: 1...200, using: &random)).map { _ in random.normal() }
        let new = (0..<Int.random(in: 1...300, using: &random)).map { _ in random.normal() + 0.2 }
        let table = try ConformalPValues.fit(
            scores: calibration,
            bins: .whole,
            binColumns: []
        )
        // As they arrive from the wire, in single precision.
        let pValues = new.map { Double(Float(table.pValue($0, bin: 0))) }
        let uniform = try KolmogorovSmirnov.uniformity(
            pValues: pValues,
            calibrationEvents: calibration.count
        )
        #expect(uniform == (try KolmogorovSmirnov.twoSample(calibration, new)))
    }

    @Test func `Normal events alarm as often as the level says`() throws {
        var random = SeededRandom(seed: 3)
        let repetitions = 400
        let alarms = try (0..<repetitions).count { _ in
            let table = try ConformalPValues.fit(
                scores: (0..<300).map { _ in random.normal() },
                bins: .whole,
                binColumns: []
            )
            let pValues = (0..<1000).map { _ in table.pValue(random.normal(), bin: 0) }
            return try KolmogorovSmirnov.uniformity(pValues: pValues, calibrationEvents: 300).pValue
                <= 0.05
        }
        // 20 expected, 4.4 standard deviation; against an exactly uniform law it would be near 200.
        #expect(alarms >= 4 && alarms <= 38)
    }

    @Test(
        "p-values of another calibration are refused",
        arguments: [[0.5, 0.25], [0], [-0.1], [1.1], [.nan], []]
    )
    func refuse(pValues: [Double]) {
        #expect(throws: CalibrationError.self) {
            try KolmogorovSmirnov.uniformity(pValues: pValues, calibrationEvents: 9)
        }
    }

    @Test func `No calibration is refused`() {
        #expect(throws: CalibrationError.self) {
            try KolmogorovSmirnov.uniformity(pValues: [1], calibrationEvents: 0)
        }
    }
}
