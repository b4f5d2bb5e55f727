/// From blue over white to red, white being zero; told apart by the colour-blind too (Brewer's RdBu).
enum DivergingScale {
    private static let stops: [(Double, Double, Double)] = [
        (33, 102, 172), (103, 169, 207), (209, 229, 240), (247, 247, 247), (253, 219, 199),
        (239, 138, 98), (178, 24, 43),
    ]

    /// What lowers the output, and what raises it.
    static let (low, high) = (colour(-1), colour(1))

    /// The colour of a share between -1 and 1.
    static func colour(_ share: Double) -> String {
        ColourScale.mixed(stops, (share + 1) / 2)
    }
}
