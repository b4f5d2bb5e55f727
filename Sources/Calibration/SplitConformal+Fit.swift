extension SplitConformal {
    /// One calibration event: what was true and what the model said.
    ///
    /// A field its method does not use may be NaN.
    public struct Sample: Sendable, Equatable {
        /// The truth, in the output's unit.
        public var truth: Double
        /// The model's point prediction.
        public var value: Double
        /// The model's own lower quantile, for the CQR forms.
        public var lower: Double
        /// The model's own upper quantile, for the CQR forms.
        public var upper: Double
        /// The model's own scale, above 0, for `ConformalMethod.normalised`.
        public var sigma: Double
        /// The value of the bin column.
        public var binValue: Double

        /// One event; what is left out is not there.
        public init(
            truth: Double,
            value: Double = .nan,
            lower: Double = .nan,
            upper: Double = .nan,
            sigma: Double = .nan,
            binValue: Double = 0
        ) {
            self.truth = truth
            self.value = value
            self.lower = lower
            self.upper = upper
            self.sigma = sigma
            self.binValue = binValue
        }
    }

    /// Calibrates on events the model was not trained on.
    ///
    /// O(n log n).
    ///
    /// Refuses an event whose score is not finite or whose bin value is NaN, and an empty sample; a
    /// bin without events is kept, its intervals are infinite.
    public static func fit(
        _ method: ConformalMethod,
        bins: MondrianBins,
        samples: [Sample]
    ) throws(CalibrationError) -> SplitConformal {
        guard !samples.isEmpty else {
            throw CalibrationError("samples", found: "0 events", allowed: "at least 1")
        }
        var below: [Double] = []
        var above: [Double] = []
        var places: [Int] = []
        below.reserveCapacity(samples.count)
        places.reserveCapacity(samples.count)
        for (index, sample) in samples.enumerated() {
            guard let bin = bins.index(of: sample.binValue) else {
                throw refusal(index, "binValue", sample.binValue, allowed: "a number")
            }
            places.append(bin)
            if method == .normalised, !(sample.sigma > 0) {
                throw refusal(index, "sigma", sample.sigma, allowed: "above 0")
            }
            let score = sample.score(method)
            guard score.below.isFinite, score.above.isFinite else {
                let found = score.below.isFinite ? score.above : score.below
                throw refusal(index, "score", found, allowed: "finite")
            }
            below.append(score.below)
            if method == .cqrAsymmetric { above.append(score.above) }
        }
        return SplitConformal(
            method: method,
            bins: bins,
            below: BinnedScores(scores: below, bins: places, binCount: bins.count),
            above: method == .cqrAsymmetric
                ? BinnedScores(scores: above, bins: places, binCount: bins.count) : nil
        )
    }

    /// The same calibration with every score rounded up to single precision; its file is half as
    /// long.
    ///
    /// Nothing is lost: "rounded-up score" is a conformity score too, so the coverage holds, and
    /// since the quantile lies on the same grid the interval only grows by that rounding, 6e-8 of
    /// the quantile. Scores beyond single precision are kept as they are.
    public func roundedUpToSinglePrecision() -> SplitConformal {
        func up(_ scores: BinnedScores) -> BinnedScores {
            BinnedScores(
                scores: scores.values.map(Self.roundedUp),
                bins: scores.counts.enumerated().flatMap { Array(repeating: $0, count: $1) },
                binCount: scores.binCount
            )
        }
        return SplitConformal(method: method, bins: bins, below: up(below), above: above.map(up))
    }

    private static func roundedUp(_ score: Double) -> Double {
        let nearest = Float(score)
        let rounded = Double(nearest) < score ? nearest.nextUp : nearest
        return rounded.isFinite ? Double(rounded) : score
    }

    private static func refusal(
        _ index: Int,
        _ field: String,
        _ found: Double,
        allowed: String
    ) -> CalibrationError {
        CalibrationError(
            "samples[\(index)].\(field)",
            found: NumberText.of(found),
            allowed: allowed
        )
    }
}

extension SplitConformal.Sample {
    /// The conformity scores of the lower and the upper end; one score stands for both but in the
    /// asymmetric form.
    func score(_ method: ConformalMethod) -> (below: Double, above: Double) {
        switch method {
        case .absolute:
            let score = abs(truth - value)
            return (score, score)
        case .normalised:
            let score = abs(truth - value) / sigma
            return (score, score)
        case .cqr:
            // Adding first lets a NaN of either quantile through, which max may hide.
            let score = (lower + upper).isNaN ? .nan : max(lower - truth, truth - upper)
            return (score, score)
        case .cqrAsymmetric:
            return (lower - truth, truth - upper)
        }
    }
}
