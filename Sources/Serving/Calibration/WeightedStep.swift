internal import Calibration
internal import Messages

/// A regression output: value and conformal interval, weighted by how much more often the event's kind
/// comes in the data than among the calibration events.
final class WeightedStep: AnswerStep {
    private let calibration: WeightedConformal
    private let bins: BinReader
    private let weights: WeightReader
    private let outputs: IntervalOutputs
    let output: Int
    private let sections: IntervalSections

    init(
        calibration: WeightedConformal,
        usualCoverage: Double,
        bins: BinReader,
        weightColumn: AxisReader.Source,
        outputs: IntervalOutputs,
        output: Int,
        sections: IntervalSections
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
        let inputs = outputs.rows(raw, position: position)
        let answers = IntervalRows(answer, sections, firstRow: segment.firstRow)
        let column = weights.column(segment, position: position, outputs: raw)
        var isFlagged = false
        let isUnbinned = unsafe bins.forEachBlock(
            segment,
            position: position,
            outputs: raw,
            flags: answers.flags
        ) { rows, found in
            for index in rows {
                answers.write(value: inputs.value(index), index)
                let bin = Int(unsafe found[index - rows.lowerBound])
                guard bin >= 0,
                    let quantile = weights.quantile(column, index, bin: bin, coverage: coverage)
                else {
                    answers.writeNone(index)
                    unsafe answers.flags[index] = EventFlag.unbinned
                    isFlagged = true
                    continue
                }
                let interval = inputs.interval(calibration.conformal, quantile, index)
                if answers.write(interval, by: quantile, index) { isFlagged = true }
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
