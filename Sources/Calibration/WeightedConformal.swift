/// Split conformal intervals for data whose events come in other shares than those that calibrated.
///
/// Every calibration event has a weight, the ratio of the data's density to the calibration's where it
/// lies; the quantile of an event is the weighted one of its bin, its own weight included. Given the
/// true weights the interval holds the truth of a fresh event of the data at least as often as asked
/// (Tibshirani, Barber, Candès, Ramdas, NeurIPS 2019, arXiv:1904.06019, corollary 1); with estimated
/// ones that is as true as they are. The Beta law of coverage does not hold.
public struct WeightedConformal: Equatable, Sendable {
    /// The least effective events of a calibration: with fewer, a handful of heavy ones speaks for all.
    public static let fewestEffectiveEvents = 100.0

    /// Method, ends, bins and scores.
    public let conformal: SplitConformal
    /// Where the weight of an event is found.
    public let weight: EventWeight
    /// Weights of the scores, in their order.
    let weights: [Double]
    /// Scores and weights of each bin; nil for one without weight.
    private let tables: [WeightedScores?]

    /// How many events of one weight say as much as those of each bin.
    public var effectiveEvents: [Double] { tables.map { $0?.effectiveEvents ?? 0 } }

    /// Weights of the scores of a calibration with one score an event, bin after bin in their order.
    ///
    /// Refuses the asymmetric form, a weight that is negative or not finite, and fewer effective
    /// events in all than `fewestEffectiveEvents`.
    init(
        conformal: SplitConformal,
        weight: EventWeight,
        weights: [Double]
    ) throws(CalibrationError) {
        guard conformal.above == nil else {
            throw CalibrationError(
                "method",
                found: "weights of \(conformal.method.rawValue)",
                allowed: "one score an event, as of \(ConformalMethod.cqr.rawValue)"
            )
        }
        let scores = conformal.below
        let all = try WeightedScores(scores: scores.values, weights: weights)
        guard all.effectiveEvents >= Self.fewestEffectiveEvents else {
            throw CalibrationError(
                "weights",
                found: "\(NumberText.of(all.effectiveEvents.rounded(.down))) effective events",
                allowed: "at least \(NumberText.of(Self.fewestEffectiveEvents))"
            )
        }
        var tables: [WeightedScores?] = []
        for bin in 0..<scores.binCount {
            let range = scores.range(of: bin)
            let own = Array(weights[range])
            tables.append(
                own.allSatisfy { $0 == 0 }
                    ? nil : try WeightedScores(scores: Array(scores.values[range]), weights: own)
            )
        }
        self.conformal = conformal
        self.weight = weight
        self.weights = weights
        self.tables = tables
    }

    /// Calibrates on events of which each has a weight; otherwise as `SplitConformal.fit`.
    public static func fit(
        _ method: ConformalMethod,
        side: IntervalSide = .both,
        bins: MondrianGrid,
        samples: [SplitConformal.Sample],
        binColumns: [[Double]],
        weight: EventWeight,
        weights: [Double]
    ) throws(CalibrationError) -> WeightedConformal {
        guard weights.count == samples.count else {
            throw CalibrationError(
                "weights",
                found: "\(weights.count) of them",
                allowed: "one for each of \(samples.count) samples"
            )
        }
        let conformal = try SplitConformal.fit(
            method,
            side: side,
            bins: bins,
            samples: samples,
            binColumns: binColumns
        )
        let places = try bins.indices(of: binColumns, count: samples.count, name: "binColumns")
        // As the scores were sorted: by bin, then by score.
        let scores = samples.map { $0.score(method, side).below }
        let order = samples.indices.sorted {
            (places[$0], scores[$0]) < (places[$1], scores[$1])
        }
        return try WeightedConformal(
            conformal: conformal,
            weight: weight,
            weights: order.map { weights[$0] }
        )
    }

    /// The same with every score rounded up to single precision; see `SplitConformal`.
    public func roundedUpToSinglePrecision() throws(CalibrationError) -> WeightedConformal {
        try WeightedConformal(
            conformal: conformal.roundedUpToSinglePrecision(),
            weight: weight,
            weights: weights
        )
    }

    /// How many events of one weight have a quantile at a coverage whose own coverage scatters as much
    /// as that of a bin; 0 for one without weight.
    ///
    /// c (1 - c) over Σ w² (1{s ≤ q} - c)² / (Σ w)², the variance of a weighted share, linearised. Fewer
    /// than `effectiveEvents` where the largest scores are those of the heaviest events, as they are
    /// when the shift that weights repair makes a difference at all. O(n).
    public func effectiveEvents(bin: Int, coverage: Double) -> Double {
        let quantile = quantile(bin: bin, coverage: coverage, weight: 0).below
        var sum = 0.0
        var squares = 0.0
        for index in conformal.below.range(of: bin) {
            let isHeld = conformal.below.values[index] <= quantile
            let part = weights[index] * ((isHeld ? 1 : 0) - coverage)
            sum += weights[index]
            squares += part * part
        }
        return squares > 0 ? coverage * (1 - coverage) * sum * sum / squares : 0
    }

    /// The quantile for an event of a bin and a weight at a coverage between 0 and 1; infinite where
    /// the calibration says too little of events so heavy.
    ///
    /// O(log n), allocates nothing.
    public func quantile(bin: Int, coverage: Double, weight: Double) -> ConformalQuantile {
        let quantile = tables[bin]?.quantile(coverage: coverage, weight: weight) ?? .infinity
        return ConformalQuantile(below: quantile, above: quantile)
    }
}
