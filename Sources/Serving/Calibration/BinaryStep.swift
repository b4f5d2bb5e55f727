internal import Calibration
internal import Messages

/// A binary score: probability at the request's prior with the Venn-ABERS pair, likelihood ratio, and
/// a conformal p-value under each class.
final class BinaryStep: AnswerStep {
    /// Sections of an answer.
    struct Sections: Sendable {
        let interval: IntervalSections
        let ratio: Int
        /// p-values under class 0 and class 1.
        let pValues: (Int, Int)
    }

    private let vennAbers: VennAbersTable
    /// The curve of the probability, where it is not that of Venn-ABERS.
    private let curve: CurveTable?
    private let pValues: (PValueTable, PValueTable)
    private let bins: BinReader
    /// Raw output: the score; larger means class 1.
    private let score: Int
    /// A task of its kind has one output.
    let output = 0
    private let sections: Sections

    init(
        vennAbers: VennAbers,
        curve: BinaryCurve?,
        pValues: (ConformalPValues, ConformalPValues),
        bins: BinReader,
        score: Int,
        sections: Sections
    ) {
        self.vennAbers = VennAbersTable(vennAbers)
        self.curve = curve.map { CurveTable($0, prior: vennAbers.prior) }
        self.pValues = (PValueTable(pValues.0), PValueTable(pValues.1))
        self.bins = bins
        self.score = score
        self.sections = sections
    }

    func write(
        _ segment: BatchQueues.Segment,
        position: Int,
        outputs: RawOutputs,
        sections answer: AnswerSections
    ) -> Bool {
        let asked = unsafe segment.flight.pointee.prior
        let prior = asked.isNaN || asked == vennAbers.prior ? nil : asked
        let scores = unsafe outputs.floats(score) + position
        let flags = unsafe answer.flags(sections.interval.flags) + segment.firstRow
        return unsafe bins.forEachBlock(
            segment,
            position: position,
            outputs: outputs,
            flags: flags
        ) { rows, found in
            let row = segment.firstRow + rows.lowerBound
            let some = unsafe scores + rows.lowerBound
            unsafe writePValues(some, rows.count, found, to: row, of: answer)
            // The bins are not needed any more.
            unsafe writeProbabilities(some, rows.count, found, prior, to: row, of: answer)
        }
    }

    private func writeProbabilities(
        _ scores: UnsafePointer<Float>,
        _ rows: Int,
        _ found: UnsafeMutablePointer<Int32>,
        _ prior: Double?,
        to row: Int,
        of answer: AnswerSections
    ) {
        let value = unsafe answer.floats(sections.interval.value) + row
        let lower = unsafe answer.floats(sections.interval.lower) + row
        let upper = unsafe answer.floats(sections.interval.upper) + row
        let ratio = unsafe answer.floats(sections.ratio) + row
        unsafe vennAbers.find(scores, rows: rows, into: found)
        for index in 0..<rows {
            let row = vennAbers.row(Int(unsafe found[index]))
            unsafe value[index] = row.value
            unsafe lower[index] = row.lower
            unsafe upper[index] = row.upper
            unsafe ratio[index] = row.ratio
        }
        if let prior { unsafe shift(found, rows, to: prior, value, lower, upper) }
        unsafe curve?.write(
            scores,
            rows: rows,
            prior: prior,
            value: value,
            lower: lower,
            upper: upper,
            ratio: ratio
        )
    }

    /// Writes the pairs of `rows` scores at another prior.
    private func shift(
        _ found: UnsafePointer<Int32>,
        _ rows: Int,
        to prior: Double,
        _ value: UnsafeMutablePointer<Float>,
        _ lower: UnsafeMutablePointer<Float>,
        _ upper: UnsafeMutablePointer<Float>
    ) {
        let from = vennAbers.prior
        for index in 0..<rows {
            let pair = vennAbers.pair(Int(unsafe found[index]))
            unsafe value[index] = Float(PriorShift.shifted(pair.merged, from: from, to: prior))
            unsafe lower[index] = Float(
                roundedDown: PriorShift.shifted(pair.p0, from: from, to: prior)
            )
            unsafe upper[index] = Float(
                roundedUp: PriorShift.shifted(pair.p1, from: from, to: prior)
            )
        }
    }

    private func writePValues(
        _ scores: UnsafePointer<Float>,
        _ rows: Int,
        _ bins: UnsafePointer<Int32>,
        to row: Int,
        of answer: AnswerSections
    ) {
        let first = unsafe answer.floats(sections.pValues.0) + row
        let second = unsafe answer.floats(sections.pValues.1) + row
        // Stranger for class 0 is a higher score, for class 1 a lower one.
        unsafe pValues.0.write(scores, bins: bins, rows: rows, to: first)
        for index in 0..<rows { unsafe second[index] = -scores[index] }
        unsafe pValues.1.write(second, bins: bins, rows: rows, to: second)
    }
}
