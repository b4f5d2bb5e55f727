import Calibration
import Testing

@Suite struct EnsembleSpreadTests {
    private static func floats(_ numbers: [Double]) -> [Float] { numbers.map { Float($0) } }

    private static func regression(
        _ means: [Double],
        _ sigmas: [Double]
    ) -> EnsembleSpread.Regression {
        let (means, sigmas) = (floats(means), floats(sigmas))
        return EnsembleSpread.regression(means: means.span, sigmas: sigmas.span)
    }

    @Test("Both splits are those of numpy and scipy", arguments: Golden.shared.ensembles.indices)
    func reference(index: Int) {
        let golden = Golden.shared.ensembles[index]
        let found = Self.regression(golden.means, golden.sigmas)
        #expect(abs(found.mean - golden.mean) < 1e-12)
        #expect(abs(found.aleatoric - golden.aleatoric) < 1e-12 * (1 + golden.aleatoric))
        #expect(abs(found.epistemic - golden.epistemic) < 1e-12)
        #expect(found.sigma == (found.aleatoric + found.epistemic).squareRoot())
        let probabilities = Self.floats(golden.probabilities.flatMap { $0 })
        let classes = golden.mean_probabilities.count
        var mean = [Float](repeating: 0, count: classes)
        var means = mean.mutableSpan
        let doubt = EnsembleSpread.classes(
            probabilities: probabilities.span,
            classes: classes,
            mean: &means
        )
        #expect(mean == Self.floats(golden.mean_probabilities))
        #expect(abs(doubt.entropy - golden.entropy) < 1e-12)
        #expect(abs(doubt.aleatoric - golden.mean_entropy) < 1e-12)
        #expect(abs(doubt.epistemic - (golden.entropy - golden.mean_entropy)) < 1e-12)
    }

    @Test func `Members that agree have no doubt of their own`() {
        let found = Self.regression([3, 3, 3], [1, 2, 2])
        #expect(found.mean == 3 && found.aleatoric == 3 && found.epistemic == 0)
        var mean: [Float] = [0, 0]
        var means = mean.mutableSpan
        let sure = EnsembleSpread.classes(
            probabilities: ([1, 0, 1, 0] as [Float]).span,
            classes: 2,
            mean: &means
        )
        #expect(sure.entropy == 0 && sure.aleatoric == 0 && sure.epistemic == 0)
        let torn = EnsembleSpread.classes(
            probabilities: ([1, 0, 0, 1] as [Float]).span,
            classes: 2,
            mean: &means
        )
        #expect(torn.aleatoric == 0 && abs(torn.epistemic - 0.6931471805599453) < 1e-15)
        #expect(mean == [0.5, 0.5])
    }
}
