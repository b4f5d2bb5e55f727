import Calibration
import Foundation
import TestSupport
import Testing

@Suite struct ConditionalPValuesTests {
    @Test("Bounds are those of the definition", arguments: [1, 2, 3, 10, 101])
    func definition(events: Int) throws {
        let law = try ConditionalPValues(events: events, confidence: 0.9)
        let half = max(1, events / 2)
        for rank in 1...events + 1 {
            var wanted = 1.0
            if rank <= events {
                // 1 - (δ i (i-1) ... (i-k+1) / (n (n-1) ... (n-k+1)))^(1/k), i = n + 1 - rank.
                let left = events + 1 - rank
                let product = (0..<half).reduce(0.1) {
                    $0 * Double(max(0, left - $1)) / Double(events - $1)
                }
                wanted = 1 - pow(product, 1 / Double(half))
            }
            let found = law.adjusted(Double(rank) / Double(events + 1))
            #expect(abs(found - wanted) < 1e-9, "\(rank)")
        }
    }

    @Test(
        "With the confidence promised no threshold leaks more than it says",
        arguments: [0.9, 0.5]
    )
    func promise(confidence: Double) throws {
        var random = SeededRandom(seed: 21)
        let (repetitions, events) = (2000, 200)
        let law = try ConditionalPValues(events: events, confidence: confidence)
        let adjusted = (1...events + 1).map { law.adjusted(Double($0) / Double(events + 1)) }
        var broken = 0
        for _ in 0..<repetitions {
            // Uniform scores, larger is stranger: P(p ≤ rank / (n + 1)) is the length above the
            // rank-th largest.
            let scores = (0..<events).map { _ in random.uniform() }.sorted(by: >)
            if (0..<events).contains(where: { 1 - scores[$0] > adjusted[$0] }) { broken += 1 }
        }
        let allowed = (1 - confidence) * Double(repetitions)
        #expect(Double(broken) < allowed + 5 * (allowed * confidence).squareRoot())
        #expect(Double(broken) > allowed / 10)
    }

    @Test func `They rise with the p-value and lie above it`() throws {
        let law = try ConditionalPValues(events: 20_000, confidence: 0.95)
        var last = 0.0
        for rank in stride(from: 1, through: 20_001, by: 100) {
            let pValue = Double(rank) / 20_001
            let found = law.adjusted(pValue)
            #expect(found >= pValue && found >= last && found <= 1)
            last = found
        }
        #expect(law.adjusted(.nan).isNaN)
        #expect(law.adjusted(1) == 1)
    }

    @Test func `What is no law is refused`() {
        #expect(throws: CalibrationError.self) {
            try ConditionalPValues(events: 0, confidence: 0.9)
        }
        #expect(throws: CalibrationError.self) { try ConditionalPValues(events: 9, confidence: 1) }
        #expect(throws: CalibrationError.self) {
            try ConditionalPValues(events: 9, confidence: .nan)
        }
    }
}
