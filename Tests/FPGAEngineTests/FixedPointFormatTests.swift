import FPGAEngine
import Testing

@Suite struct FixedPointFormatTests {
    @Test func theSignCountsAsABit() {
        let format = FixedPointFormat(
            isSigned: true,
            integerBits: 3,
            fractionBits: -1,
            overflow: .wrap
        )
        #expect(format.width == 3)
    }
}
