internal import Calibration
internal import Messages

/// A regression output: value and conformal interval.
final class IntervalStep: AnswerStep {
    private let conformal: SplitConformal
    private let quantiles: BinQuantiles
    private let bins: BinReader
    private let outputs: IntervalOutputs
    let output: Int
    private let sections: IntervalSections

    init(
        conformal: SplitConformal,
        usualCoverage: Double,
        bins: BinReader,
        outputs: IntervalOutputs,
        output: Int,
        sections: IntervalSections
    ) {
        self.conformal = conformal
        quantiles = BinQuantiles(conformal, usualCoverage: usualCoverage)
        self.bins = bins
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
        var isInfinite = false
        let isUnbinned = unsafe bins.forEachBlock(
            segment,
            position: position,
            outputs: raw,
            flags: answers.flags
        ) { rows, found in
            for index in rows {
                answers.write(value: inputs.value(index), index)
                let bin = Int(unsafe found[index - rows.lowerBound])
                guard bin >= 0 else {
                    answers.writeNone(index)
                    continue
                }
                let quantile = quantiles.quantile(bin: bin, coverage: coverage)
                let interval = inputs.interval(conformal, quantile, index)
                if answers.write(interval, by: quantile, index) { isInfinite = true }
            }
        }
        return isUnbinned || isInfinite
    }
}
