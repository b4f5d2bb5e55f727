import Calibration

/// How often events are of class 1, beside the probability told of them, in bins of equal mass.
///
/// Answers at one prior are judged on events that come with that prior: the class there is too
/// much of is thinned, drawn without replacement by a fixed seed, never weighted.
struct Reliability {
    /// One labelled event.
    struct Event {
        let row: Int
        let probability: Double
        let isOne: Bool
    }

    /// One bin.
    struct Bin {
        let number: Int
        let mean: Double
        let measured: Double
        let low: Double
        let high: Double
        let events: Int
    }

    /// Bins of a table.
    static let binCount = 10

    /// The bins; one without events is left out.
    let bins: [Bin]

    /// Bins of `events`, each at its probability at `prior`, or at that of the events themselves;
    /// `calibration` holds the numbers of calibration events of class 0 and 1.
    init(_ events: [Event], prior: Double? = nil, calibration: [Int]) {
        let sorted = (prior.map { Self.thinned(events, prior: $0) } ?? events)
            .sorted(by: Self.isBefore)
        let starts = (0...Self.binCount).map { sorted.count * $0 / Self.binCount }
        let edges = (1..<Self.binCount).filter { starts[$0] < sorted.count }.map {
            sorted[starts[$0]]
        }
        let fitted = Self.calibrationEvents(events, edges: edges, calibration: calibration)
        bins = (0..<Self.binCount).compactMap { bin in
            let part = sorted[starts[bin]..<starts[bin + 1]]
            guard !part.isEmpty else { return nil }
            let mean = part.reduce(0) { $0 + $1.probability } / Double(part.count)
            let band = ReliabilityBand.band(
                meanProbability: min(max(mean, 0), 1),
                calibrationEvents: fitted[bin],
                testEvents: part.count,
                level: 1 - Cell.simultaneousLevel / Double(Self.binCount)
            )
            return Bin(
                number: bin + 1,
                mean: mean,
                measured: Double(part.count(where: \.isOne)) / Double(part.count),
                low: band.low,
                high: band.high,
                events: part.count
            )
        }
    }

    /// The bins as cells of a table.
    func cells(of output: String, model: String, prior: Double) -> [Cell] {
        bins.map { bin in
            Cell(
                model: model,
                output: output,
                prior: prior,
                bin: "\(bin.number) of \(Self.binCount)",
                nominal: bin.mean,
                measured: bin.measured,
                low: bin.low,
                high: bin.high,
                events: bin.events
            )
        }
    }

    /// Calibration events in each bin.
    ///
    /// Their probabilities are not known here. Class by class they are drawn as the test events
    /// are, so the share of a class's test events in a bin is that of its calibration events.
    private static func calibrationEvents(
        _ events: [Event],
        edges: [Event],
        calibration: [Int]
    ) -> [Int] {
        var counts = Array(repeating: [0, 0], count: binCount)
        for event in events {
            let bin = edges.count { !isBefore(event, $0) }
            counts[bin][event.isOne ? 1 : 0] += 1
        }
        let ones = events.count(where: \.isOne)
        let totals = [events.count - ones, ones]
        return counts.map { count in
            let expected = (0..<2).reduce(0.0) { sum, one in
                guard totals[one] > 0 else { return sum }
                return sum + Double(calibration[one] * count[one]) / Double(totals[one])
            }
            return Int(expected.rounded())
        }
    }

    private static func thinned(_ events: [Event], prior: Double) -> [Event] {
        let ones = events.filter(\.isOne)
        let zeros = events.filter { !$0.isOne }
        let wantedOnes = (Double(zeros.count) * prior / (1 - prior)).rounded()
        if wantedOnes <= Double(ones.count) { return zeros + drawn(Int(wantedOnes), of: ones) }
        let wantedZeros = (Double(ones.count) * (1 - prior) / prior).rounded()
        return drawn(Int(min(wantedZeros, Double(zeros.count))), of: zeros) + ones
    }

    private static func drawn(_ count: Int, of events: [Event]) -> [Event] {
        Array(events.sorted { lot($0.row, seed: 1) < lot($1.row, seed: 1) }.prefix(count))
    }

    /// By probability; a lot decides between equal ones, so that no class comes first at an edge.
    private static func isBefore(_ left: Event, _ right: Event) -> Bool {
        left.probability == right.probability
            ? lot(left.row, seed: 2) < lot(right.row, seed: 2)
            : left.probability < right.probability
    }

    /// A number that looks random and is the same in every run.
    private static func lot(_ row: Int, seed: UInt64) -> UInt64 {
        // SplitMix64 (Steele, Lea, Flood 2014), one to one for each seed: no two rows are equal.
        var word = seed &* 0xD1B5_4A32_D192_ED03 &+ UInt64(row) &* 0x9E37_79B9_7F4A_7C15
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}
