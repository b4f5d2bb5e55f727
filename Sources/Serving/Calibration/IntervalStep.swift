internal import Calibration
internal import Messages

/// A regression output: value and conformal interval.
final class IntervalStep: Sendable {
    /// Raw outputs: prediction, quantiles, scale; -1 where the method has none.
    struct Outputs: Sendable {
        let value: Int
        let lower: Int
        let upper: Int
        let sigma: Int
    }

    private let conformal: SplitConformal
    private let bins: BinReader
    private let outputs: Outputs
    /// Place among the layout's outputs.
    let output: Int
    /// Sections of the answer.
    private let sections: (value: Int, lower: Int, upper: Int, flags: Int)
    /// The coverage of requests that name none, and its quantile of every bin.
    private let usualCoverage: Double
    private let usualQuantiles: [ConformalQuantile]

    init(
        conformal: SplitConformal,
        usualCoverage: Double,
        bins: BinReader,
        outputs: Outputs,
        output: Int,
        sections: (value: Int, lower: Int, upper: Int, flags: Int)
    ) {
        self.conformal = conformal
        self.bins = bins
        self.outputs = outputs
        self.output = output
        self.sections = sections
        self.usualCoverage = usualCoverage
        usualQuantiles = (0..<conformal.bins.count).map {
            conformal.quantile(bin: $0, coverage: usualCoverage)
        }
    }

    /// Writes a segment's rows; true if one carries a flag.
    func write(
        _ segment: BatchQueues.Segment,
        position: Int,
        outputs raw: RawOutputs,
        sections answer: AnswerSections
    ) -> Bool {
        let coverage = unsafe segment.flight.pointee.coverage
        let isUsual = coverage == usualCoverage
        let predictions = unsafe raw.floats(outputs.value) + position
        // A method's missing outputs are read from the prediction and then not used.
        let lows = unsafe raw.floats(outputs.lower < 0 ? outputs.value : outputs.lower) + position
        let highs = unsafe raw.floats(outputs.upper < 0 ? outputs.value : outputs.upper) + position
        let sigmas = unsafe raw.floats(outputs.sigma < 0 ? outputs.value : outputs.sigma) + position
        let value = unsafe answer.floats(sections.value) + segment.firstRow
        let lower = unsafe answer.floats(sections.lower) + segment.firstRow
        let upper = unsafe answer.floats(sections.upper) + segment.firstRow
        let flags = unsafe answer.flags(sections.flags) + segment.firstRow
        var isInfinite = false
        let isUnbinned = unsafe bins.forEachBlock(
            segment,
            position: position,
            outputs: raw,
            flags: flags
        ) { rows, found in
            for index in rows {
                let prediction = unsafe predictions[index]
                unsafe value[index] = prediction
                let bin = Int(unsafe found[index - rows.lowerBound])
                guard bin >= 0 else {
                    unsafe lower[index] = .nan
                    unsafe upper[index] = .nan
                    continue
                }
                let quantile =
                    isUsual
                    ? usualQuantiles[bin] : conformal.quantile(bin: bin, coverage: coverage)
                let interval = unsafe conformal.interval(
                    quantile,
                    value: Double(prediction),
                    lower: Double(lows[index]),
                    upper: Double(highs[index]),
                    sigma: Double(sigmas[index])
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
}
