import Explanations
import TestSupport
import Testing

@Suite struct AutoencoderPullsTests {
    @Test func `Attributions are terms of the mean squared pull`() throws {
        let pulls: [Float] = [3, -1, 0, 2]
        let found = try AutoencoderPulls.attributions(pulls: pulls.span, event: 0)
        #expect(found == [2.25, 0.25, 0, 1])
        var random = SeededRandom(seed: 1)
        let many = (0..<61).map { _ in random.normal() }
        let score = many.map { $0 * $0 }.reduce(0, +) / 61
        let terms = try AutoencoderPulls.attributions(pulls: many.span, event: 0)
        #expect(abs(terms.reduce(0, +) - score) < 1e-13)
    }

    @Test func `A pull that is not finite is named by event and sensor`() {
        let pulls = [1, .nan, 2]
        let error = #expect(throws: ExplanationError.self) {
            try AutoencoderPulls.attributions(pulls: pulls.span, event: 5)
        }
        #expect(
            error?.description == "event 5, pull of sensor 1: found nan, allowed: finite numbers"
        )
    }
}
