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
        let prior = asked.isNaN || asked == vennAbers.prior ? nil : asked
        let scores = unsafe outputs.floats(score) + position
        let values = bins.column(segment, position: position, outputs: outputs)
        var hasFlag = false
        unsafe withUnsafeTemporaryAllocation(of: Int32.self, capacity: Self.blockRows) { block in
            var first = 0
            while first < segment.rows {
                let rows = first..<min(segment.rows, first + Self.blockRows)
                let row = segment.firstRow + first
                unsafe writeProbabilities(scores, rows, block, prior, to: row, of: answer)
                if unsafe writePValues(scores, values, rows, block, to: row, of: answer) {
                    hasFlag = true
                }
                first = rows.upperBound
            }
        }
        return hasFlag
    }

    /// Rows that a table is asked for before the next one is: the less is done for each row between
    /// two look-ups, the more of them wait for memory together.
    private static let blockRows = 64

    private func writeProbabilities(
        _ scores: UnsafePointer<Float>,
        _ rows: Range<Int>,
        _ found: UnsafeMutableBufferPointer<Int32>,
        _ prior: Double?,
        to row: Int,
        of answer: AnswerSections
    ) {
        let value = unsafe answer.floats(sections.value) + row
        let lower = unsafe answer.floats(sections.lower) + row
        let upper = unsafe answer.floats(sections.upper) + row
        let ratio = unsafe answer.floats(sections.ratio) + row
        for index in 0..<rows.count {
            let score = unsafe scores[rows.lowerBound + index]
            unsafe found[index] = Int32(truncatingIfNeeded: vennAbers.index(score))
        }
        for index in 0..<rows.count {
            let row = vennAbers.row(Int(unsafe found[index]))
            unsafe value[index] = row.value
            unsafe lower[index] = row.lower
            unsafe upper[index] = row.upper
            unsafe ratio[index] = row.ratio
        }
        guard let prior else { return }
        let from = vennAbers.prior
        for index in 0..<rows.count {
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

    /// True if a row has no bin.
    private func writePValues(
        _ scores: UnsafePointer<Float>,
        _ values: BinValues,
        _ rows: Range<Int>,
        _ found: UnsafeMutableBufferPointer<Int32>,
        to row: Int,
        of answer: AnswerSections
    ) -> Bool {
        let first = unsafe answer.floats(sections.pValues.0) + row
        let second = unsafe answer.floats(sections.pValues.1) + row
        let flags = unsafe answer.flags(sections.flags) + row
        var hasFlag = false
        for index in 0..<rows.count {
            let bin = bins.bin(values, rows.lowerBound + index)
            unsafe found[index] = Int32(truncatingIfNeeded: bin)
            unsafe flags[index] = bin < 0 ? EventFlag.unbinned : 0
            hasFlag = hasFlag || bin < 0
        }
        // Stranger for class 0 is a higher score, for class 1 a lower one.
        for index in 0..<rows.count {
            let score = unsafe scores[rows.lowerBound + index]
            let bin = Int(unsafe found[index])
            unsafe first[index] = bin < 0 ? .nan : pValues.0.pValue(score, bin: bin)
        }
        for index in 0..<rows.count {
            let score = unsafe -scores[rows.lowerBound + index]
            let bin = Int(unsafe found[index])
            unsafe second[index] = bin < 0 ? .nan : pValues.1.pValue(score, bin: bin)
        }
        return hasFlag
    }
}
