internal import Calibration
internal import Messages

/// A regression output: value and conformal interval, weighted by how much more often the event's kind
/// comes in the data than among the calibration events.
final class WeightedStep: AnswerStep {
    private let calibration: WeightedConformal
    private let bins: BinReader
    private let weights: WeightReader
    private let outputs: IntervalStep.Outputs
    let output: Int
    /// Sections of the answer.
    private let sections: (value: Int, lower: Int, upper: Int, flags: Int)

    init(
        calibration: WeightedConformal,
        usualCoverage: Double,
        bins: BinReader,
        weightColumn: AxisReader.Source,
        outputs: IntervalStep.Outputs,
        output: Int,
        sections: (value: Int, lower: Int, upper: Int, flags: Int)
    ) {
        self.calibration = calibration
        self.bins = bins
        self.outputs = outputs
        self.output = output
        self.sections = sections
        weights = WeightReader(
            calibration,
            column: weightColumn,
            usualCoverage: usualCoverage
        )
    }

    func write(
        _ segment: BatchQueues.Segment,
        position: Int,
        outputs raw: RawOutputs,
        sections answer: AnswerSections
    ) -> Bool {
        let coverage = unsafe segment.flight.pointee.coverage
        let predictions = unsafe raw.floats(outputs.value) + position
        // A method's missing outputs are read from the prediction and then not used.
        let lows = unsafe raw.floats(outputs.lower < 0 ? outputs.value : outputs.lower) + position
        let highs = unsafe raw.floats(outputs.upper < 0 ? outputs.value : outputs.upper) + position
        let sigmas = unsafe raw.floats(outputs.sigma < 0 ? outputs.value : outputs.sigma) + position
        let value = unsafe answer.floats(sections.value) + segment.firstRow
        let lower = unsafe answer.floats(sections.lower) + segment.firstRow
        let upper = unsafe answer.floats(sections.upper) + segment.firstRow
        let flags = unsafe answer.flags(sections.flags) + segment.firstRow
        let column = weights.column(segment, position: position, outputs: raw)
        var isFlagged = false
        let isUnbinned = unsafe bins.forEachBlock(
            segment,
            position: position,
            outputs: raw,
            flags: flags
        ) { rows, found in
            for index in rows {
                unsafe value[index] = predictions[index]
                let bin = Int(unsafe found[index - rows.lowerBound])
                guard bin >= 0,
                    let quantile = weights.quantile(column, index, bin: bin, coverage: coverage)
                else {
                    unsafe lower[index] = .nan
                    unsafe upper[index] = .nan
                    unsafe flags[index] = EventFlag.unbinned
                    isFlagged = true
                    continue
                }
                let interval = unsafe calibration.conformal.interval(
                    quantile,
                    value: Double(predictions[index]),
                    lower: Double(lows[index]),
                    upper: Double(highs[index]),
                    sigma: Double(sigmas[index])
                )
                unsafe lower[index] = Float(roundedDown: interval.lower)
                unsafe upper[index] = Float(roundedUp: interval.upper)
                if quantile.isInfinite {
                    unsafe flags[index] = EventFlag.infinite
                    isFlagged = true
                }
            }
        }
        return isUnbinned || isFlagged
    }
}

/// The quantile that the weight of an event asks for.
private struct WeightReader: Sendable {
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
