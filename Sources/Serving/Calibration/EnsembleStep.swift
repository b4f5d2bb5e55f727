internal import Calibration
internal import Messages

/// A regression output of an ensemble: mean, conformal interval scaled by the members' doubt, and what
/// the doubt is made of.
final class EnsembleStep: AnswerStep {
    /// Sections of an answer.
    struct Sections: Sendable {
        let value: Int
        let lower: Int
        let upper: Int
        let flags: Int
        let aleatoric: Int
        let epistemic: Int
    }

    private let conformal: SplitConformal
    private let bins: BinReader
    /// Raw outputs: one mean and one standard deviation a member.
    private let means: Int
    private let sigmas: Int
    private let members: Int
    let output: Int
    private let sections: Sections
    /// The coverage of requests that name none, and its quantile of every bin.
    private let usualCoverage: Double
    private let usualQuantiles: [ConformalQuantile]

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
        self.bins = bins
        self.means = means
        self.sigmas = sigmas
        self.members = members
        self.output = output
        self.sections = sections
        self.usualCoverage = usualCoverage
        usualQuantiles = (0..<conformal.bins.count).map {
            conformal.quantile(bin: $0, coverage: usualCoverage)
        }
    }

    func write(
        _ segment: BatchQueues.Segment,
        position: Int,
        outputs raw: RawOutputs,
        sections answer: AnswerSections
    ) -> Bool {
        let coverage = unsafe segment.flight.pointee.coverage
        let isUsual = coverage == usualCoverage
        let value = unsafe answer.floats(sections.value) + segment.firstRow
        let lower = unsafe answer.floats(sections.lower) + segment.firstRow
        let upper = unsafe answer.floats(sections.upper) + segment.firstRow
        let aleatoric = unsafe answer.floats(sections.aleatoric) + segment.firstRow
        let epistemic = unsafe answer.floats(sections.epistemic) + segment.firstRow
        let flags = unsafe answer.flags(sections.flags) + segment.firstRow
        var isInfinite = false
        let isUnbinned = unsafe bins.forEachBlock(
            segment,
            position: position,
            outputs: raw,
            flags: flags
        ) { rows, found in
            for index in rows {
                let spread = spread(raw, position + index)
                unsafe value[index] = Float(spread.mean)
                unsafe aleatoric[index] = Float(spread.aleatoric.squareRoot())
                unsafe epistemic[index] = Float(spread.epistemic.squareRoot())
                let bin = Int(unsafe found[index - rows.lowerBound])
                guard bin >= 0 else {
                    unsafe lower[index] = .nan
                    unsafe upper[index] = .nan
                    continue
                }
                let quantile =
                    isUsual
                    ? usualQuantiles[bin] : conformal.quantile(bin: bin, coverage: coverage)
                let interval = conformal.interval(
                    quantile,
                    value: spread.mean,
                    lower: .nan,
                    upper: .nan,
                    sigma: spread.sigma
                )
                unsafe lower[index] = Float(roundedDown: interval.lower)
                unsafe upper[index] = Float(roundedUp: interval.upper)
                if quantile.isInfinite {
                    unsafe flags[index] = EventFlag.infinite
                    isInfinite = true
                }
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
