import Calibration

/// A covered share, measured again and again, beside the law that it should follow.
///
/// With distinct scores only ranks matter: over divisions by lot of one and the same pool of events the
/// count of covered ones is beta-binomial exactly, and the divisions are independent. So the law can be
/// tested as it stands, and a finite pool costs nothing.
struct RepeatedShare {
    /// What is printed.
    struct Summary: Encodable {
        let method: String
        let bin: String
        let coverage: Double
        /// Whether this bin is the one at threshold.
        let isLowest: Bool
        let calibrationEvents: Double
        let testEvents: Double
        let mean: Double
        let lawMean: Double
        let deviation: Double
        let lawDeviation: Double
        let kolmogorovPValue: Double
        let shares: [Double]
    }

    private var shares: [Double] = []
    /// Where each count lies in its law, 0 to 1: uniform if the law is right.
    private var places: [Double] = []
    private var means: [Double] = []
    private var variances: [Double] = []
    private var calibrationEvents: [Double] = []
    private var testEvents: [Double] = []

    /// Steps of the grid of the uniform law.
    private static let grid = 1_000_000

    /// One division: `held` of `events` were covered by the score of `rank` among `calibrating`.
    mutating func add(held: Int, of events: Int, rank: Int, calibrating: Int, _ lots: inout Lots) {
        let (trials, all) = (Double(events), Double(calibrating + 1))
        let (alpha, beta) = (Double(rank), Double(calibrating + 1 - rank))
        let law = BetaBinomial(trials: events, alpha: alpha, beta: beta)
        let (below, upTo) = (law.cumulative(upTo: held - 1), law.cumulative(upTo: held))
        shares.append(Double(held) / trials)
        // A count has a chance of its own; a lot within it makes the place continuous.
        places.append(below + lots.uniform() * (upTo - below))
        means.append(alpha / all)
        variances.append(alpha * beta * (all + trials) / (trials * all * all * (all + 1)))
        calibrationEvents.append(Double(calibrating))
        testEvents.append(trials)
    }

    /// What all divisions say together.
    func summary(
        _ method: String,
        bin: String,
        coverage: Double,
        isLowest: Bool
    ) throws -> Summary {
        let steps = Double(Self.grid)
        let test = try KolmogorovSmirnov.uniformity(
            pValues: places.map { max(1, ($0 * steps).rounded(.up)) / steps },
            calibrationEvents: Self.grid - 1
        )
        return Summary(
            method: method,
            bin: bin,
            coverage: coverage,
            isLowest: isLowest,
            calibrationEvents: calibrationEvents.mean,
            testEvents: testEvents.mean,
            mean: shares.mean,
            lawMean: means.mean,
            deviation: shares.deviation,
            lawDeviation: variances.mean.squareRoot(),
            kolmogorovPValue: test.pValue,
            shares: shares
        )
    }
}

extension [[RepeatedShare]] {
    /// By level and bin; a bin without events on both sides has none.
    func summaries(
        _ method: String,
        bins: MondrianGrid,
        levels: [Double],
        members: [[Int]]
    ) throws -> [RepeatedShare.Summary] {
        let used = members.indices.filter { members[$0].count >= PoolLimits.fewestEvents }
        return try levels.indices.flatMap { level in
            try used.map { bin in
                try self[level][bin].summary(
                    method,
                    bin: bins.label(bin),
                    coverage: levels[level],
                    isLowest: bin == used.first
                )
            }
        }
    }
}

/// What a bin must have to be looked at.
enum PoolLimits {
    /// Events of both halves together.
    static let fewestEvents = 200
}
