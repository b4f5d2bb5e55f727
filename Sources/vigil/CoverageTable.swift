import Messages

/// How coverage stands as rows of a table, one a bin.
enum CoverageTable {
    static let header = [
        "output", "stream", "bin", "promised", "measured", "low", "high", "truths", "",
    ]

    /// The cells of a bin that truths came for.
    static func row(_ standing: CoverageStanding) -> [String] {
        [
            standing.output, standing.stream, standing.bin, Output.fixed(standing.coverage, 3),
            Output.fixed(standing.share, 4),
            standing.low.isNaN ? "-" : Output.fixed(standing.low, 4),
            standing.high.isNaN ? "-" : Output.fixed(standing.high, 4), "\(standing.events)",
            standing.standing,
        ]
    }
}

extension CoverageStanding {
    /// Share of the truths that the answers held; NaN without any.
    var share: Double { Double(covered) / Double(events) }
}
