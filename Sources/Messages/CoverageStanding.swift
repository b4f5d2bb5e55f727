/// How often answers held the truth in one bin, since the calibration came into use.
public struct CoverageStanding: Sendable, Equatable {
    /// Output, and class where it has some.
    public var output: String
    /// Stream of the events.
    public var stream: String
    /// Bin in words.
    public var bin: String
    /// Coverage promised.
    public var coverage: Double
    /// Truths that came.
    public var events: Int
    /// Those of them that the answer held.
    public var covered: Int
    /// Band of the share by the coverage law, where events weigh for as many as say as much and with 1
    /// as its upper end; NaN where it does not hold.
    public var low: Double
    /// Upper end of the band.
    public var high: Double
    /// "holds", "under", "over", "unknown", or "adapted" where no band is promised.
    public var standing: String

    /// A bin.
    public init(
        output: String,
        stream: String,
        bin: String,
        coverage: Double,
        events: Int,
        covered: Int,
        low: Double,
        high: Double,
        standing: String
    ) {
        self.output = output
        self.stream = stream
        self.bin = bin
        self.coverage = coverage
        self.events = events
        self.covered = covered
        self.low = low
        self.high = high
        self.standing = standing
    }
}

/// As JSON shows it; a band that does not hold is null.
extension CoverageStanding: Encodable {
    private enum CodingKeys: String, CodingKey {
        case output, stream, bin, coverage, events, covered, low, high, standing
    }

    /// Every key, always.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(output, forKey: .output)
        try container.encode(stream, forKey: .stream)
        try container.encode(bin, forKey: .bin)
        try container.encode(coverage, forKey: .coverage)
        try container.encode(events, forKey: .events)
        try container.encode(covered, forKey: .covered)
        try container.encode(low.isNaN ? nil : low, forKey: .low)
        try container.encode(high.isNaN ? nil : high, forKey: .high)
        try container.encode(standing, forKey: .standing)
    }
}
