/// How much more often a kind of event comes in the data than among the calibration events.
///
/// The weights of weighted conformal prediction, by two histograms over one column: the share of the
/// data in a bin over that of the calibration there (Tibshirani et al. 2019, arXiv:1904.06019).
/// Constant within a bin, so the shift must be one between bins.
public struct DensityRatio: Equatable, Sendable {
    /// The bins, in the unit of the column.
    public let bins: MondrianBins
    /// Events of the data in each bin.
    public let dataEvents: [Int]
    /// Calibration events in each bin.
    public let calibrationEvents: [Int]
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
        try self.init(
            bins: bins,
            dataEvents: try bins.counts(of: data, name: "data"),
            calibrationEvents: try bins.counts(of: calibration, name: "calibration")
        )
    }

    /// The ratio of two histograms.
    ///
    /// Refuses other numbers of bins, negative counts, and a histogram without events.
    public init(
        bins: MondrianBins,
        dataEvents: [Int],
        calibrationEvents: [Int]
    ) throws(CalibrationError) {
        let (data, calibration) = (
            try Self.total(dataEvents, bins, "data"),
            try Self.total(calibrationEvents, bins, "calibration")
        )
        self.bins = bins
        self.dataEvents = dataEvents
        self.calibrationEvents = calibrationEvents
        ratios = zip(dataEvents, calibrationEvents).map { inData, inCalibration in
            inData == 0
                ? 0
                : (Double(inData) / Double(data)) / (Double(inCalibration) / Double(calibration))
        }
    }

    /// The weight of an event whose column has this value; NaN for NaN.
    public func weight(_ value: Double) -> Double {
        bins.index(of: value).map { ratios[$0] } ?? .nan
    }

    /// Events in all.
    private static func total(
        _ counts: [Int],
        _ bins: MondrianBins,
        _ name: String
    ) throws(CalibrationError) -> Int {
        guard counts.count == bins.count else {
            throw CalibrationError(
                name,
                found: "\(counts.count) bins",
                allowed: "\(bins.count), as the edges cut"
            )
        }
        var total = 0
        for (bin, count) in counts.enumerated() {
            let (sum, isHuge) = total.addingReportingOverflow(count)
            guard count >= 0, !isHuge else {
                throw CalibrationError(
                    "\(name)[\(bin)]",
                    found: "\(count) events",
                    allowed: "0 to \(CalibrationFile.maximumEvents)"
                )
            }
            total = sum
        }
        guard total > 0 else {
            throw CalibrationError(name, found: "0 events", allowed: "at least 1")
        }
        return total
    }
}
