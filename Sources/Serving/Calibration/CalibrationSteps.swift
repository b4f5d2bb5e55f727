internal import Calibration
internal import Messages

/// A regression output: value and conformal interval.
struct IntervalStep: Sendable {
    let conformal: SplitConformal
    let bin: BinReader
    /// Raw outputs: prediction, quantiles, scale; -1 where the method has none.
    let value: Int
    let lower: Int
    let upper: Int
    let sigma: Int
    /// Sections of value, lower, upper, flags.
    let sections: (value: Int, lower: Int, upper: Int, flags: Int)

    /// Writes `rows` rows; true if one carries a flag.
    func write(
        _ segment: BatchQueues.Segment,
        position: Int,
        outputs: RawOutputs,
        sections answer: AnswerSections
    ) -> Bool {
        let coverage = unsafe segment.flight.pointee.coverage
        var hasFlag = false
        for offset in 0..<segment.rows {
            let row = segment.firstRow + offset
            let place = position + offset
            let prediction = outputs.float(value, place)
            answer.store(Float(prediction), sections.value, row: row)
            guard
                let bin = unsafe bin.bin(
                    segment.flight,
                    row: row,
                    position: place,
                    outputs: outputs
                )
            else {
                answer.store(.nan, sections.lower, row: row)
                answer.store(.nan, sections.upper, row: row)
                answer.store(flag: EventFlag.unbinned, sections.flags, row: row)
                hasFlag = true
                continue
            }
            let quantile = conformal.quantile(bin: bin, coverage: coverage)
            let interval = conformal.interval(
                quantile,
                value: prediction,
                lower: lower < 0 ? 0 : outputs.float(lower, place),
                upper: upper < 0 ? 0 : outputs.float(upper, place),
                sigma: sigma < 0 ? 0 : outputs.float(sigma, place)
            )
            answer.store(Float(roundedDown: interval.lower), sections.lower, row: row)
            answer.store(Float(roundedUp: interval.upper), sections.upper, row: row)
            answer.store(
                flag: quantile.isInfinite ? EventFlag.infinite : 0,
                sections.flags,
                row: row
            )
            if quantile.isInfinite { hasFlag = true }
        }
        return hasFlag
    }
}

/// A binary score: Venn-ABERS probability at the request's prior, likelihood ratio, and a
/// conformal p-value under each class.
struct BinaryStep: Sendable {
    let vennAbers: VennAbers
    let pValues: [ConformalPValues]
    let bin: BinReader
    /// Raw output: the score; larger means class 1.
    let score: Int
    let sections: (value: Int, lower: Int, upper: Int, flags: Int, ratio: Int)
    let pValueSections: [Int]

    /// Writes `rows` rows; true if one carries a flag.
    func write(
        _ segment: BatchQueues.Segment,
        position: Int,
        outputs: RawOutputs,
        sections answer: AnswerSections
    ) -> Bool {
        let asked = unsafe segment.flight.pointee.prior
        let prior = asked.isNaN ? vennAbers.prior : asked
        var hasFlag = false
        for offset in 0..<segment.rows {
            let row = segment.firstRow + offset
            let place = position + offset
            let score = outputs.float(score, place)
            let pair = vennAbers.pair(score)
            let merged = VennAbers.merged(p0: pair.p0, p1: pair.p1)
            answer.store(Float(shift(merged, to: prior)), sections.value, row: row)
            answer.store(Float(roundedDown: shift(pair.p0, to: prior)), sections.lower, row: row)
            answer.store(Float(roundedUp: shift(pair.p1, to: prior)), sections.upper, row: row)
            answer.store(
                Float(PriorShift.logLikelihoodRatio(merged, prior: vennAbers.prior)),
                sections.ratio,
                row: row
            )
            let bin = unsafe bin.bin(segment.flight, row: row, position: place, outputs: outputs)
            for (index, table) in pValues.enumerated() {
                // Stranger for class 0 is a higher score, for class 1 a lower one.
                let strangeness = index == 0 ? score : -score
                let pValue = bin.map { table.pValue(strangeness, bin: $0) } ?? .nan
                answer.store(Float(pValue), pValueSections[index], row: row)
            }
            answer.store(flag: bin == nil ? EventFlag.unbinned : 0, sections.flags, row: row)
            if bin == nil { hasFlag = true }
        }
        return hasFlag
    }

    @inline(__always)
    private func shift(_ probability: Double, to prior: Double) -> Double {
        prior == vennAbers.prior
            ? probability : PriorShift.shifted(probability, from: vennAbers.prior, to: prior)
    }
}

/// An anomaly score and its conformal p-value against normal events.
struct AnomalyStep: Sendable {
    let pValues: ConformalPValues
    let bin: BinReader
    /// Raw output: the score; larger means stranger.
    let score: Int
    let sections: (value: Int, flags: Int, pValue: Int)

    /// Writes `rows` rows; true if one carries a flag.
    func write(
        _ segment: BatchQueues.Segment,
        position: Int,
        outputs: RawOutputs,
        sections answer: AnswerSections
    ) -> Bool {
        var hasFlag = false
        for offset in 0..<segment.rows {
            let row = segment.firstRow + offset
            let place = position + offset
            let score = outputs.float(score, place)
            answer.store(Float(score), sections.value, row: row)
            let bin = unsafe bin.bin(segment.flight, row: row, position: place, outputs: outputs)
            let pValue = bin.map { pValues.pValue(score, bin: $0) } ?? .nan
            answer.store(Float(pValue), sections.pValue, row: row)
            answer.store(flag: bin == nil ? EventFlag.unbinned : 0, sections.flags, row: row)
            if bin == nil { hasFlag = true }
        }
        return hasFlag
    }
}
