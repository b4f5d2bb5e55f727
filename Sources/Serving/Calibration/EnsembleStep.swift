internal import Calibration
internal import Messages

/// A regression output of an ensemble: mean, conformal interval scaled by the members' doubt, and what
/// the doubt is made of.
final class EnsembleStep: AnswerStep {
    /// Sections of an answer.
    struct Sections: Sendable {
        let interval: IntervalSections
        let aleatoric: Int
        let epistemic: Int
    }

    private let conformal: SplitConformal
    private let quantiles: BinQuantiles
    private let bins: BinReader
    /// Raw outputs: one mean and one standard deviation a member.
    private let means: Int
    private let sigmas: Int
    private let members: Int
    let output: Int
    private let sections: Sections

    init(
        conformal: SplitConformal,
        usualCoverage: Double,
        bins: BinReader,
        means: Int,
        sigmas: Int,
        members: Int,
        output: Int,
        sections: Sections
    ) {
        self.conformal = conformal
        quantiles = BinQuantiles(conformal, usualCoverage: usualCoverage)
        self.bins = bins
        self.means = means
        self.sigmas = sigmas
        self.members = members
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
        let answers = IntervalRows(answer, sections.interval, firstRow: segment.firstRow)
        let aleatoric = unsafe answer.floats(sections.aleatoric) + segment.firstRow
        let epistemic = unsafe answer.floats(sections.epistemic) + segment.firstRow
        var isInfinite = false
        let isUnbinned = unsafe bins.forEachBlock(
            segment,
            position: position,
            outputs: raw,
            flags: answers.flags
        ) { rows, found in
            for index in rows {
                let spread = spread(raw, position + index)
                answers.write(value: Float(spread.mean), index)
                unsafe aleatoric[index] = Float(spread.aleatoric.squareRoot())
                unsafe epistemic[index] = Float(spread.epistemic.squareRoot())
                let bin = Int(unsafe found[index - rows.lowerBound])
                guard bin >= 0 else {
                    answers.writeNone(index)
                    continue
                }
                let quantile = quantiles.quantile(bin: bin, coverage: coverage)
                let interval = conformal.interval(
                    quantile,
                    value: spread.mean,
                    lower: .nan,
                    upper: .nan,
                    sigma: spread.sigma
                )
                if answers.write(interval, by: quantile, index) { isInfinite = true }
            }
        }
        return isUnbinned || isInfinite
    }

    private func spread(_ raw: RawOutputs, _ row: Int) -> EnsembleSpread.Regression {
        EnsembleSpread.regression(
            means: raw.span(means, row: row, count: members),
            sigmas: raw.span(sigmas, row: row, count: members)
        )
    }
}
