import Calibration
import Foundation
import TestSupport
import Testing

@Suite struct LogisticCalibrationTests {
    @Test("Coefficients are those of scikit-learn", arguments: Golden.shared.logistic.indices)
    func reference(index: Int) throws {
        let golden = Golden.shared.logistic[index]
        let form = try #require(LogisticCalibration.Form(rawValue: golden.form))
        let fitted = try LogisticCalibration.fit(
            form,
            scores: golden.scores,
            labels: golden.labels.map { $0 == 1 }
        )
        for (score, wanted) in zip(golden.scores, golden.probabilities) {
            // The reference's own optimiser stops at a gradient of 1e-10.
            #expect(abs(fitted.probability(score) - wanted) < 1e-7)
        }
    }

    @Test("A curve finds itself again", arguments: LogisticCalibration.Form.allCases)
    func recovery(form: LogisticCalibration.Form) throws {
        let truth = try LogisticCalibration(
            form: form,
            coefficients: [[0.5], [0.5, -1], [0.5, 1.5, -1]][
                LogisticCalibration.Form.allCases.firstIndex(of: form) ?? 0
            ]
        )
        var random = SeededRandom(seed: 5)
        let scores = (0..<100_000).map { _ in random.normal() * 3 }
        let labels = scores.map { random.uniform() < truth.probability($0) }
        let fitted = try LogisticCalibration.fit(form, scores: scores, labels: labels)
        for (found, wanted) in zip(fitted.coefficients, truth.coefficients) {
            #expect(abs(found - wanted) < 0.05)
        }
        let loss = BinaryCurve.logistic(fitted).logLoss(scores: scores, labels: labels)
        let wanted = BinaryCurve.logistic(truth).logLoss(scores: scores, labels: labels)
        #expect(loss <= wanted + 1e-6)
    }

    @Test("Separable classes have a fit", arguments: LogisticCalibration.Form.allCases)
    func separable(form: LogisticCalibration.Form) throws {
        let scores = (-20...20).filter { $0 != 0 }.map(Double.init)
        let fitted = try LogisticCalibration.fit(
            form,
            scores: scores,
            labels: scores.map { $0 > 0 }
        )
        #expect(fitted.probability(-20) < 0.1 && fitted.probability(20) > 0.9)
        #expect(fitted.coefficients.allSatisfy { $0.isFinite })
    }

    @Test("Equal scores give the share of class 1", arguments: [0.0, 2, -40])
    func constant(score: Double) throws {
        let scores = [Double](repeating: score, count: 1000)
        let labels = (0..<1000).map { $0 < 250 }
        for form in [LogisticCalibration.Form.platt, .beta] {
            let fitted = try LogisticCalibration.fit(form, scores: scores, labels: labels)
            #expect(abs(fitted.probability(score) - 0.25) < 0.01, "\(form)")
        }
    }

    @Test func `A beta curve never falls`() throws {
        // Higher scores of class 0: both slopes want to be negative.
        let scores = (0..<400).map { Double($0) / 100 - 2 }
        let fitted = try LogisticCalibration.fit(
            .beta,
            scores: scores,
            labels: scores.map { $0 < 0.3 }
        )
        #expect(fitted.coefficients[0] >= 0 && fitted.coefficients[1] >= 0)
        #expect(
            zip(scores, scores.dropFirst()).allSatisfy {
                fitted.probability($0) <= fitted.probability($1)
            }
        )
    }

    @Test("Scores without bounds give a probability", arguments: LogisticCalibration.Form.allCases)
    func ends(form: LogisticCalibration.Form) throws {
        let fitted = try LogisticCalibration(
            form: form,
            coefficients: [Double](
                repeating: 1,
                count: [1, 2, 3][
                    LogisticCalibration.Form.allCases.firstIndex(of: form) ?? 0
                ]
            )
        )
        #expect(fitted.probability(.infinity) == 1 && fitted.probability(-.infinity) == 0)
        #expect(fitted.probability(1e308) == 1 && fitted.probability(-1e308) == 0)
        #expect(fitted.probability(.nan).isNaN)
    }

    @Test func `What is no calibration is refused`() {
        #expect(throws: CalibrationError.self) {
            try LogisticCalibration(form: .platt, coefficients: [1])
        }
        #expect(throws: CalibrationError.self) {
            try LogisticCalibration(form: .platt, coefficients: [1, .nan])
        }
        #expect(throws: CalibrationError.self) {
            try LogisticCalibration.fit(.platt, scores: [1, 2], labels: [true, true])
        }
        #expect(throws: CalibrationError.self) {
            try LogisticCalibration.fit(.platt, scores: [1, .nan], labels: [true, false])
        }
    }
}
