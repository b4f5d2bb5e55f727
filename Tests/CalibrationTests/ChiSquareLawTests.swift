import Calibration
import Testing

@Suite struct ChiSquareLawTests {
    @Test("Tails are scipy's", arguments: Golden.shared.chi_square.indices)
    func reference(index: Int) {
        let golden = Golden.shared.chi_square[index]
        let found = ChiSquareLaw.tail(statistic: golden.statistic, degrees: golden.degrees)
        #expect(abs(found / golden.tail - 1) < 1e-10)
    }

    @Test func `The ends of the law`() {
        #expect(ChiSquareLaw.tail(statistic: 0, degrees: 3) == 1)
        #expect(ChiSquareLaw.tail(statistic: -1, degrees: 3) == 1)
        #expect(ChiSquareLaw.tail(statistic: .infinity, degrees: 3) == 0)
        #expect(ChiSquareLaw.tail(statistic: .nan, degrees: 3).isNaN)
        #expect(ChiSquareLaw.tail(statistic: 1e6, degrees: 1) == 0)
        #expect(ChiSquareLaw.tail(statistic: 1, degrees: 2000) == 1)
    }
}
