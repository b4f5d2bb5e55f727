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

        /// One event; what is left out is not there.
        public init(
            truth: Double,
            value: Double = .nan,
            lower: Double = .nan,
            upper: Double = .nan,
            sigma: Double = .nan
        ) {
            self.truth = truth
            self.value = value
            self.lower = lower
            self.upper = upper
            self.sigma = sigma
        }
    }

    /// Calibrates on events the model was not trained on.
    ///
    /// O(n log n).
    ///
    /// `binColumns` holds the values that choose the bins, one list an axis of `bins`.
    ///
    /// Refuses an event whose score is not finite or whose bin value is NaN, an empty sample, and
    /// one end of `cqrAsymmetric`, which `cqr` gives; a bin without events is kept, its intervals
    /// are infinite.
    public static func fit(
        _ method: ConformalMethod,
        side: IntervalSide = .both,
        bins: MondrianGrid,
        samples: [Sample],
        binColumns: [[Double]]
    ) throws(CalibrationError) -> SplitConformal {
        guard !samples.isEmpty else {
            throw CalibrationError("samples", found: "0 events", allowed: "at least 1")
        }
        guard side == .both || method != .cqrAsymmetric else { throw side.refusal("side") }
        let places = try bins.indices(of: binColumns, count: samples.count, name: "binColumns")
        var below: [Double] = []
        var above: [Double] = []
        below.reserveCapacity(samples.count)
        for (index, sample) in samples.enumerated() {
            if method == .normalised, !(sample.sigma > 0) {
                throw refusal(index, "sigma", sample.sigma, allowed: "above 0")
            }
            let score = sample.score(method, side)
            guard score.below.isFinite, score.above.isFinite else {
                let found = score.below.isFinite ? score.above : score.below
                throw refusal(index, "score", found, allowed: "finite")
            }
            below.append(score.below)
            if method == .cqrAsymmetric { above.append(score.above) }
        }
        return SplitConformal(
            method: method,
            side: side,
            bins: bins,
            below: BinnedScores(scores: below, bins: places, binCount: bins.count),
            above: method == .cqrAsymmetric
                ? BinnedScores(scores: above, bins: places, binCount: bins.count) : nil
        )
    }

    /// The same method in the same bins on other scores, which come with their bins; a bin with fewer of
    /// them than `fewest` keeps those it has.
    ///
    /// `above` are the scores of the upper end of the asymmetric form, else ignored.
    public func replacing(
        below: [Double],
        above: [Double],
        bins places: [Int],
        fewest: Int
    ) -> SplitConformal {
        SplitConformal(
            method: method,
            side: side,
            bins: bins,
            below: self.below.replacing(below, bins: places, fewest: fewest),
            above: self.above?.replacing(above, bins: places, fewest: fewest)
        )
    }

    /// The conformity scores of an event at its ends, the same twice but for the asymmetric form; an
    /// interval holds its truth exactly where they are at most its quantile's.
    public func scores(of sample: Sample) -> ConformalQuantile {
        let score = sample.score(method, side)
        return ConformalQuantile(below: score.below, above: score.above)
    }

    /// The same calibration with every score rounded up to single precision; its file is half as
    /// long.
    ///
    /// Nothing is lost: "rounded-up score" is a conformity score too, so the coverage holds, and
    /// since the quantile lies on the same grid the interval only grows by that rounding, 6e-8 of
    /// the quantile. Scores beyond single precision are kept as they are.
    public func roundedUpToSinglePrecision() -> SplitConformal {
        SplitConformal(
            method: method,
            side: side,
            bins: bins,
            below: below.roundedUpToSinglePrecision(),
            above: above?.roundedUpToSinglePrecision()
        )
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
    func score(_ method: ConformalMethod, _ side: IntervalSide) -> (below: Double, above: Double) {
        let ends: (below: Double, above: Double)
        switch method {
        case .absolute: ends = (value - truth, truth - value)
        case .normalised: ends = ((value - truth) / sigma, (truth - value) / sigma)
        case .cqr, .cqrAsymmetric: ends = (lower - truth, truth - upper)
        }
        if method == .cqrAsymmetric { return ends }
        let score: Double
        switch side {
        // Adding first lets a NaN of either end through, which max may hide.
        case .both: score = (ends.below + ends.above).isNaN ? .nan : max(ends.below, ends.above)
        case .lower: score = ends.below
        case .upper: score = ends.above
        }
        return (score, score)
    }
}

extension IntervalSide {
    /// Why a method with both ends apart cannot have one of them.
    func refusal(_ what: String) -> CalibrationError {
        CalibrationError(
            what,
            found: "\(rawValue) of \(ConformalMethod.cqrAsymmetric.rawValue)",
            allowed: "\(Self.both.rawValue), or method \(ConformalMethod.cqr.rawValue)"
        )
    }
}
