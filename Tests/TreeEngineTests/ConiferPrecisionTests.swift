import Testing
import TreeEngine

/// Types of ap_fixed and what they make of numbers.
struct ConiferPrecisionTests {
    @Test(
        "A type is read as conifer writes it",
        arguments: [
            ("ap_fixed<18,8>", true, 18, 8), ("ap_ufixed<4, -2>", false, 4, -2),
            ("ap_fixed<8,3,AP_TRN,AP_WRAP,0>", true, 8, 3),
        ]
    )
    func type(text: String, isSigned: Bool, width: Int, integer: Int) throws {
        let type = try #require(ConiferPrecision(text))
        #expect(type.isSigned == isSigned)
        #expect(type.width == width)
        #expect(type.integer == integer)
        #expect(type.rounding == .truncate && type.overflow == .wrap)
    }

    @Test(
        "Anything else is none",
        arguments: [
            "", "ap_fixed", "ap_fixed<>", "ap_fixed<8>", "ap_fixed<8,3", "ap_fixed<0,0>",
            "ap_fixed<33,8>", "ap_fixed<8,65>", "ap_fixed<8,3,AP_RND_INF>",
            "ap_fixed<8,3,AP_TRN,AP_SAT_ZERO>", "ap_fixed<8,3,AP_TRN,AP_WRAP,2>", "ap_int<8>",
            "float", "ap_fixed<8,3,,>", "x_ap_fixed<8,3>",
        ]
    )
    func noType(text: String) {
        #expect(ConiferPrecision(text) == nil)
    }

    @Test(
        "A number becomes the word that ap_fixed makes of it",
        arguments: [
            ("ap_fixed<8,3>", 1.0, 32), ("ap_fixed<8,3>", -0.001, -1), ("ap_fixed<8,3>", 4, -128),
            ("ap_fixed<8,3>", -4.03, 127), ("ap_fixed<8,3>", 1e300, 0),
            ("ap_fixed<8,3>", 8.25, 8), ("ap_fixed<8,3,AP_RND>", 0.015624999999999999, 0),
            ("ap_fixed<8,3,AP_RND>", 0.015625, 1), ("ap_fixed<8,3,AP_RND>", -0.015625, 0),
            ("ap_fixed<8,3,AP_TRN,AP_SAT>", 4, 127), ("ap_fixed<8,3,AP_TRN,AP_SAT>", -1e300, -128),
            ("ap_ufixed<8,3>", -0.03125, 255), ("ap_ufixed<8,3,AP_TRN,AP_SAT>", -1, 0),
            ("ap_fixed<8,10>", 7.0, 1), ("ap_fixed<4,-2>", 0.1, 6),
            ("ap_fixed<32,32>", 0x1p31, -0x8000_0000),
            ("ap_fixed<32,1>", 4_503_599_627_370_497, -0x8000_0000),
        ]
    )
    func word(type: String, number: Double, word: Int) throws {
        #expect(try #require(ConiferPrecision(type)).word(number) == word)
    }
}
