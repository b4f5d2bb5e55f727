internal import Calibration
internal import Messages

/// A binary score: Venn-ABERS probability at the request's prior, likelihood ratio, and a
/// conformal p-value under each class.
final class BinaryStep: Sendable {
    /// Sections of an answer.
    struct Sections: Sendable {
        let value: Int
        let lower: Int
        let upper: Int
        let flags: Int
        let ratio: Int
        /// p-values under class 0 and class 1.
        let pValues: (Int, Int)
    }

    private let vennAbers: VennAbersTable
    private let pValues: (PValueTable, PValueTable)
    private let bins: BinReader
    /// Raw output: the score; larger means class 1.
    private let score: Int
    private let sections: Sections

    init(
        vennAbers: VennAbers,
        pValues: (ConformalPValues, ConformalPValues),
        bins: BinReader,
        score: Int,
        sections: Sections
    ) {
        self.vennAbers = VennAbersTable(vennAbers)
        self.pValues = (PValueTable(pValues.0), PValueTable(pValues.1))
        self.bins = bins
        self.score = score
        self.sections = sections
    }

    /// Writes a segment's rows; true if one carries a flag.
    func write(
        _ segment: BatchQueues.Segment,
        position: Int,
        outputs: RawOutputs,
        sections answer: AnswerSections
    ) -> Bool {
        let asked = unsafe segment.flight.pointee.prior
        let from = vennAbers.prior
        let isShifted = !asked.isNaN && asked != from
        let scores = unsafe outputs.floats(score) + position
        let values = bins.column(segment, position: position, outputs: outputs)
        let value = unsafe answer.floats(sections.value) + segment.firstRow
        let lower = unsafe answer.floats(sections.lower) + segment.firstRow
        let upper = unsafe answer.floats(sections.upper) + segment.firstRow
        let ratio = unsafe answer.floats(sections.ratio) + segment.firstRow
        let first = unsafe answer.floats(sections.pValues.0) + segment.firstRow
        let second = unsafe answer.floats(sections.pValues.1) + segment.firstRow
        let flags = unsafe answer.flags(sections.flags) + segment.firstRow
        var hasFlag = false
        for index in 0..<segment.rows {
            let score = unsafe scores[index]
            let row = vennAbers.row(score)
            if isShifted {
                unsafe value[index] = Float(PriorShift.shifted(row.merged, from: from, to: asked))
                unsafe lower[index] = Float(
                    roundedDown: PriorShift.shifted(row.p0, from: from, to: asked)
                )
                unsafe upper[index] = Float(
                    roundedUp: PriorShift.shifted(row.p1, from: from, to: asked)
                )
            } else {
                unsafe value[index] = row.value
                unsafe lower[index] = row.lower
                unsafe upper[index] = row.upper
            }
            unsafe ratio[index] = row.ratio
            let bin = bins.bin(values, index)
            if bin < 0 {
                unsafe first[index] = .nan
                unsafe second[index] = .nan
                unsafe flags[index] = EventFlag.unbinned
                hasFlag = true
            } else {
                // Stranger for class 0 is a higher score, for class 1 a lower one.
                unsafe first[index] = pValues.0.pValue(score, bin: bin)
                unsafe second[index] = pValues.1.pValue(-score, bin: bin)
                unsafe flags[index] = 0
            }
        }
        return hasFlag
    }
}
