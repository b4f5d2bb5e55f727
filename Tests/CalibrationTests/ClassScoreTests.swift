import Calibration
import TestSupport
import Testing

@Suite struct ClassScoreTests {
    private static func scores(
        _ score: ClassScore,
        _ probabilities: [Float],
        uniform: Double
    ) -> [Double] {
        var scores = [Double](repeating: -1, count: probabilities.count)
        var order = [Int32](repeating: -1, count: probabilities.count)
        var places = order.mutableSpan
        var found = scores.mutableSpan
        score.write(probabilities.span, uniform: uniform, order: &places, to: &found)
        return scores
    }

    @Test("All three are worked by hand", arguments: [0.0, 0.25, 1])
    func worked(uniform: Double) {
        let probabilities: [Float] = [0.125, 0.5, 0.25, 0.125]
        #expect(
            Self.scores(.leastAmbiguous, probabilities, uniform: uniform) == [
                0.875, 0.5, 0.75, 0.875,
            ]
        )
        // Likeliest first: 1, 2, 0, 3; the two of the same probability in their order.
        let adaptive = [
            0.75 + 0.125 * uniform, 0.5 * uniform, 0.5 + 0.25 * uniform, 0.875 + 0.125 * uniform,
        ]
        #expect(Self.scores(.adaptive, probabilities, uniform: uniform) == adaptive)
        let penalties = [0.5, 0, 0.25, 0.75]
        #expect(
            Self.scores(.regularised(weight: 0.25, free: 1), probabilities, uniform: uniform)
                == zip(adaptive, penalties).map { $0 + $1 }
        )
    }

    @Test("Without chance they are MAPIE's", arguments: Golden.shared.class_scores.indices)
    func reference(index: Int) {
        let golden = Golden.shared.class_scores[index]
        for (row, probabilities) in golden.probabilities.enumerated() {
            let label = golden.labels[row]
            let found = Self.scores(.adaptive, probabilities.map { Float($0) }, uniform: 1)
            #expect(abs(found[label] - golden.adaptive[row]) < 1e-12)
            let least = Self.scores(.leastAmbiguous, probabilities.map { Float($0) }, uniform: 1)
            #expect(abs(least[label] - golden.least_ambiguous[row]) < 1e-12)
        }
    }

    @Test("With chance they are torchcp's", arguments: Golden.shared.random_class_scores.indices)
    func chance(index: Int) {
        let golden = Golden.shared.random_class_scores[index]
        for (row, probabilities) in golden.probabilities.enumerated() {
            let found = Self.scores(
                .regularised(weight: golden.penalty, free: golden.free),
                probabilities.map { Float($0) },
                uniform: golden.uniforms[row]
            )
            // Its chance is single precision, and so is what it adds it to.
            #expect(abs(found[golden.labels[row]] - golden.scores[row]) < 1e-6)
        }
    }

    @Test("The classes before one are the likelier ones", arguments: 1...100)
    func definition(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let count = Int.random(in: 1...40, using: &random)
        // Coarse, so that some are alike.
        let probabilities = (0..<count).map { _ in
            Float(Int.random(in: 0...20, using: &random)) / 64
        }
        let uniform = random.uniform()
        let found = Self.scores(
            .regularised(weight: 0.01, free: 3),
            probabilities,
            uniform: uniform
        )
        for (index, own) in probabilities.enumerated() {
            let before = probabilities.indices.filter {
                probabilities[$0] > own || (probabilities[$0] == own && $0 < index)
            }
            let mass = before.reduce(0.0) { $0 + Double(probabilities[$1]) }
            let wanted =
                mass + uniform * Double(own) + 0.01 * Double(max(0, before.count + 1 - 3))
            #expect(abs(found[index] - wanted) < 1e-12)
        }
    }

    @Test func `A NaN leaves no score`() {
        for score in [ClassScore.leastAmbiguous, .adaptive] {
            let found = Self.scores(score, [0.5, .nan, 0.25], uniform: 0.5)
            #expect(found.allSatisfy { $0.isNaN })
        }
    }
}
