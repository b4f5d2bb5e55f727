import Explanations
import Testing

@Suite struct IntegratedGradientsTests {
    private static func attributions(
        _ method: IntegratedGradients,
        _ x: [Float],
        score: ([Double]) -> Double,
        gradient: ([Double]) -> [Double]
    ) throws -> PathAttributions {
        let gradients = answers(method, x, piece: 3, gradient).flatMap { $0 }
        return try method.attributions(
            gradients: gradients.span,
            x: x.span,
            score: score(x.map(Double.init)),
            baselineScore: score(method.baseline.map(Double.init)),
            event: 0
        )
    }

    @Test("Attributions are those of captum", arguments: Golden.shared.gradients.indices)
    func reference(index: Int) throws {
        let golden = Golden.shared.gradients[index]
        let integrated = try Self.attributions(
            IntegratedGradients(baseline: golden.baseline, steps: golden.steps),
            golden.x,
            score: golden.model.score,
            gradient: golden.model.gradient
        )
        // Points are rounded to single precision here.
        #expect(distance(integrated.values, golden.integrated) < 1e-6)
        let product = try Self.attributions(
            .gradientTimesInput(features: golden.x.count),
            golden.x,
            score: golden.model.score,
            gradient: golden.model.gradient
        )
        #expect(distance(product.values, golden.gradient_times_input) < 1e-13)
    }

    @Test("Smooth scores need few points", arguments: Golden.shared.gradients.indices)
    func convergence(index: Int) throws {
        let golden = Golden.shared.gradients[index]
        func error(_ steps: Int) throws -> Double {
            try Self.attributions(
                IntegratedGradients(baseline: golden.baseline, steps: steps),
                golden.x,
                score: golden.model.score,
                gradient: golden.model.gradient
            ).completenessError
        }
        #expect(try error(1) > 1e-3)
        #expect(try error(32) < 1e-6)
        #expect(try error(IntegratedGradients.maximumSteps) < 1e-6)
    }

    /// x³ + x y² - 2 y³: by Euler's theorem a third of each derivative times its input, from 0.
    private static func cubic(_ z: [Double]) -> Double {
        z[0] * z[0] * z[0] + z[0] * z[1] * z[1] - 2 * z[1] * z[1] * z[1]
    }

    private static func cubicGradient(_ z: [Double]) -> [Double] {
        [3 * z[0] * z[0] + z[1] * z[1], 2 * z[0] * z[1] - 6 * z[1] * z[1]]
    }

    @Test func `Two points are enough for a cubic score, and one is not`() throws {
        let x: [Float] = [1.5, -0.75]
        let z = x.map(Double.init)
        let expected = zip(z, Self.cubicGradient(z)).map { $0 * $1 / 3 }
        for (steps, isExact) in [(1, false), (2, true), (3, true), (40, true)] {
            let found = try Self.attributions(
                IntegratedGradients(baseline: [0, 0], steps: steps),
                x,
                score: Self.cubic,
                gradient: Self.cubicGradient
            )
            #expect((distance(found.values, expected) < 1e-6) == isExact)
            #expect((found.completenessError < 1e-6) == isExact)
            #expect(found.base == 0 && found.score == Self.cubic(z))
        }
    }

    @Test func `Gradient times input is complete for a linear score only, and says so`() throws {
        let method = try IntegratedGradients.gradientTimesInput(features: 2)
        #expect(method.evaluations == 1 && method.baseline == [0, 0])
        let linear = try Self.attributions(
            method,
            [2, 3],
            score: { 3 * $0[0] - $0[1] + 1 },
            gradient: { _ in [3, -1] }
        )
        #expect(linear.values == [6, -3] && linear.completenessError == 0 && linear.base == 1)
        let square = try Self.attributions(
            method,
            [2, 3],
            score: { $0[0] * $0[0] },
            gradient: { [2 * $0[0], 0] }
        )
        #expect(square.values == [8, 0] && square.completenessError == 4)
    }

    @Test func `A feature as in the baseline, or that the score ignores, gets nothing`() throws {
        let found = try Self.attributions(
            IntegratedGradients(baseline: [0.5, 1, 2], steps: 5),
            [0.5, 3, 4],
            score: { $0[0] * $0[1] },
            gradient: { [$0[1], $0[0], 0] }
        )
        #expect(found.values[0] == 0 && found.values[2] == 0)
        #expect(abs(found.values[1] - 1) < 1e-15)
    }

    @Test("Points and weights are those of numpy", arguments: Golden.shared.rules.indices)
    func rule(index: Int) throws {
        // The points are what is written for an event of 1 from 0; a gradient that is 1 at one point
        // and 0 at the others has that point's weight as its mean.
        let golden = Golden.shared.rules[index]
        let method = try IntegratedGradients(baseline: [0], steps: golden.nodes.count)
        let points = answers(method, [1]) { $0[0] }
        #expect(points == golden.nodes.map { Double(Float($0)) })
        for (point, weight) in golden.weights.enumerated() {
            var gradients = [Double](repeating: 0, count: golden.nodes.count)
            gradients[point] = 1
            let found = try method.attributions(
                gradients: gradients.span,
                x: ([1] as [Float]).span,
                score: 1,
                baselineScore: 0,
                event: 0
            )
            #expect(abs(found.values[0] - weight) < 1e-14)
        }
    }

    @Test("The rule of most points is exact too", arguments: [1, 7, 255, 256])
    func moments(steps: Int) throws {
        let method = try IntegratedGradients(baseline: [0], steps: steps)
        // Weights add up to 1, and points lie symmetrically.
        let constant = try Self.attributions(method, [1], score: { $0[0] }, gradient: { _ in [1] })
        #expect(abs(constant.values[0] - 1) < 1e-13)
        let line = try Self.attributions(
            method,
            [1],
            score: { $0[0] * $0[0] },
            gradient: { [2 * $0[0]] }
        )
        #expect(line.completenessError < 1e-7)
        let points = answers(method, [1]) { $0[0] }
        #expect(points == points.sorted() && points.allSatisfy { 0 < $0 && $0 < 1 })
        #expect(Set(points).count == steps)
    }

    @Test("Steps beyond the limits are refused", arguments: [-1, 0, 257])
    func refusals(steps: Int) {
        let error = #expect(throws: ExplanationError.self) {
            try IntegratedGradients(baseline: [0], steps: steps)
        }
        #expect(error?.description == "steps: found \(steps), allowed: 1 to 256")
    }

    @Test func `A baseline of no or endless numbers is refused`() {
        #expect(throws: ExplanationError.self) {
            try IntegratedGradients(baseline: [], steps: 4)
        }
        #expect(throws: ExplanationError.self) {
            try IntegratedGradients.gradientTimesInput(features: 0)
        }
        let error = #expect(throws: ExplanationError.self) {
            try IntegratedGradients(baseline: [0, .infinity], steps: 4)
        }
        #expect(error?.description == "baseline[1]: found inf, allowed: finite numbers")
    }

    @Test func `What is not finite is named by event and gradient`() throws {
        let method = try IntegratedGradients(baseline: [0, 0], steps: 3)
        func error(_ place: Int?, _ score: Double, _ baselineScore: Double) -> String? {
            var gradients = [Float](repeating: 0, count: 6)
            if let place { gradients[place] = .nan }
            return #expect(throws: ExplanationError.self) {
                try method.attributions(
                    gradients: gradients.span,
                    x: ([1, 1] as [Float]).span,
                    score: score,
                    baselineScore: baselineScore,
                    event: 12
                )
            }?.what
        }
        #expect(error(3, 0, 0) == "event 12, gradient 1 of 3")
        #expect(error(nil, .nan, 0) == "event 12, score")
        #expect(error(nil, 0, .infinity) == "event 12, score of the baseline")
    }
}
