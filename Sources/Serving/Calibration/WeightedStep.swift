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
        bins: BinReader,
        weights: WeightReader,
        outputs: IntervalOutputs,
        output: Int,
        sections: IntervalSections
    ) {
        self.calibration = calibration
        self.bins = bins
        self.weights = weights
        self.outputs = outputs
        self.output = output
        self.sections = sections
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
