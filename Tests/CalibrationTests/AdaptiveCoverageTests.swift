import Calibration
import TestSupport
import Testing

@Suite struct AdaptiveCoverageTests {
    @Test func `Each truth moves it by the step times what was missed by`() throws {
        var state = try AdaptiveCoverage(target: 0.9, step: 0.01)
        #expect(abs(state.coverage - 0.9) < 1e-15)
        state.learn(isCovered: false)
        #expect(abs(state.miscoverage - (0.1 + 0.01 * (0.1 - 1))) < 1e-15)
        state.learn(isCovered: true)
        #expect(abs(state.miscoverage - (0.1 + 0.01 * (0.1 - 1 + 0.1))) < 1e-15)
        #expect(state.truths == 2)
    }

    @Test("Misses are as rare as promised, whatever comes", arguments: [0.005, 0.05, 0.5])
    func promise(step: Double) throws {
        var random = SeededRandom(seed: 12)
        var state = try AdaptiveCoverage(target: 0.9, step: step)
        var misses = 0
        for event in 0..<20_000 {
            // The spread grows a hundredfold and falls again; intervals are those of the first.
            let scale = event < 5000 || event > 15_000 ? 1.0 : 100
            let limit = state.coverage >= 1 ? Double.infinity : state.coverage
            let isCovered = random.uniform() * scale <= limit
            state.learn(isCovered: isCovered)
            if !isCovered { misses += 1 }
        }
        let bound = 0.1 + (0.1 + step) / (step * 20_000)
        #expect(Double(misses) / 20_000 <= bound + 1e-12)
    }

    @Test func `A coverage that nothing can lower stays at its narrowest`() throws {
        var state = try AdaptiveCoverage(target: 0.9, step: 0.5)
        for _ in 0..<100 { state.learn(isCovered: true) }
        #expect(state.miscoverage == 1 && state.coverage == 0)
    }

    @Test func `A state goes on where it was`() throws {
        var state = try AdaptiveCoverage(target: 0.68, step: 0.02)
        for event in 0..<10 { state.learn(isCovered: event.isMultiple(of: 3)) }
        var kept = try AdaptiveCoverage(
            target: state.target,
            step: state.step,
            miscoverage: state.miscoverage,
            truths: state.truths
        )
        state.learn(isCovered: false)
        kept.learn(isCovered: false)
        #expect(kept == state)
    }

    @Test(
        "What is no state is refused",
        arguments: [
            (0, 0.1, 0.1, 0, "target"), (1, 0.1, 0.1, 0, "target"), (.nan, 0.1, 0.1, 0, "target"),
            (0.9, -0.1, 0.1, 0, "step"), (0.9, 1.1, 0.1, 0, "step"), (0.9, .nan, 0.1, 0, "step"),
            (0.9, 0.1, 1.01, 0, "miscoverage"), (0.9, 0.1, -0.11, 0, "miscoverage"),
            (0.9, 0.1, .nan, 0, "miscoverage"), (0.9, 0.1, 0.1, -1, "truths"),
        ] as [(Double, Double, Double, Int, String)]
    )
    func refuse(target: Double, step: Double, miscoverage: Double, truths: Int, what: String) {
        let error = #expect(throws: CalibrationError.self) {
            try AdaptiveCoverage(
                target: target,
                step: step,
                miscoverage: miscoverage,
                truths: truths
            )
        }
        #expect(error?.what == what)
    }
}
