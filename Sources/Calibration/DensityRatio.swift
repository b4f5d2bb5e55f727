/// How much more often a kind of event comes in the data than among the calibration events.
///
/// The weights of weighted conformal prediction, by a histogram over one column: the share of the
/// data in a bin over that of the calibration there (Tibshirani et al. 2019, arXiv:1904.06019).
/// Constant within a bin, so the shift must be one between bins.
public struct DensityRatio: Equatable, Sendable {
    /// The bins, in the unit of the column.
    public let bins: MondrianBins
    /// One a bin; infinite where data lie and no calibration event does, 0 where no data do.
    public let ratios: [Double]

    /// The ratio of two samples of the column's values.
    ///
    /// Refuses NaN and an empty sample.
    public init(
        data: [Double],
        calibration: [Double],
        bins: MondrianBins
    ) throws(CalibrationError) {
        let counts = (
            data: try Self.counts(data, bins, "data"),
            calibration: try Self.counts(calibration, bins, "calibration")
        )
        self.bins = bins
        ratios = zip(counts.data, counts.calibration).map { inData, inCalibration in
            if inData == 0 { return 0 }
            return (Double(inData) / Double(data.count))
                / (Double(inCalibration) / Double(calibration.count))
        }
    }

    /// Ratios that came from outside, as many as bins, finite or infinite, not negative.
    public init(bins: MondrianBins, ratios: [Double]) throws(CalibrationError) {
        guard ratios.count == bins.count else {
            throw CalibrationError(
                "ratios",
                found: "\(ratios.count) of them",
                allowed: "\(bins.count), one for each bin"
            )
        }
        for (index, ratio) in ratios.enumerated() where !(ratio >= 0) {
            throw CalibrationError(
                "ratios[\(index)]",
                found: NumberText.of(ratio),
                allowed: "numbers of 0 and more"
            )
        }
        self.bins = bins
        self.ratios = ratios
    }

    /// The weight of an event whose column has this value; NaN for NaN.
    public func weight(_ value: Double) -> Double {
        bins.index(of: value).map { ratios[$0] } ?? .nan
    }

    /// The weight that the probability of a classifier means, which tells data from calibration
    /// events and was trained with `dataShare` of data among its events.
    ///
    /// odds of p over the odds of `dataShare`. p of 1 is infinite.
    public static func weight(probabilityOfData p: Double, dataShare: Double) -> Double {
        p / (1 - p) * ((1 - dataShare) / dataShare)
    }

    private static func counts(
        _ values: [Double],
        _ bins: MondrianBins,
        _ name: String
    ) throws(CalibrationError) -> [Int] {
        guard !values.isEmpty else {
            throw CalibrationError(name, found: "0 events", allowed: "at least 1")
        }
        return try bins.counts(of: values, name: name)
    }
}
