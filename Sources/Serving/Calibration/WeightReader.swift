internal import Calibration

/// The quantile that the weight of an event asks for.
struct WeightReader: Sendable {
    private let calibration: WeightedConformal
    private let reader: AxisReader
    /// Weights of the bins of the column; empty where the column is the weight.
    private let ratios: [Double]
    /// The coverage of requests that name none, and its quantile of every weight of every bin.
    private let usualCoverage: Double
    private let usualQuantiles: [ConformalQuantile]

    init(
        _ calibration: WeightedConformal,
        column: AxisReader.Source,
        usualCoverage: Double
    ) {
        self.calibration = calibration
        self.usualCoverage = usualCoverage
        guard case .ratio(_, let ratio) = calibration.weight else {
            reader = AxisReader(source: column, bins: .whole)
            ratios = []
            usualQuantiles = []
            return
        }
        reader = AxisReader(source: column, bins: ratio.bins)
        ratios = ratio.ratios
        usualQuantiles = (0..<calibration.conformal.bins.count).flatMap { bin in
            ratio.ratios.map { weight in
                calibration.quantile(bin: bin, coverage: usualCoverage, weight: weight)
            }
        }
    }

    func column(
        _ segment: BatchQueues.Segment,
        position: Int,
        outputs: RawOutputs
    ) -> AxisValues {
        reader.column(segment, position: position, outputs: outputs)
    }

    /// The quantile of an event of a bin; nil without a weight.
    func quantile(
        _ values: AxisValues,
        _ index: Int,
        bin: Int,
        coverage: Double
    ) -> ConformalQuantile? {
        guard !ratios.isEmpty else {
            let weight = values.value(index)
            return weight >= 0
                ? calibration.quantile(bin: bin, coverage: coverage, weight: weight) : nil
        }
        let place = reader.bin(values, index)
        guard place >= 0 else { return nil }
        return coverage == usualCoverage
            ? usualQuantiles[bin * ratios.count + place]
            : calibration.quantile(bin: bin, coverage: coverage, weight: ratios[place])
    }
}
