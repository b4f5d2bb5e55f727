internal import Calibration
internal import Messages

/// An anomaly score and its conformal p-value against normal events.
final class AnomalyStep: Sendable {
    private let pValues: PValueTable
    private let bins: BinReader
    /// Raw output: the score; larger means stranger.
    private let score: Int
    /// Sections of the answer.
    private let sections: (value: Int, flags: Int, pValue: Int)

    init(
        pValues: ConformalPValues,
        bins: BinReader,
        score: Int,
        sections: (value: Int, flags: Int, pValue: Int)
    ) {
        self.pValues = PValueTable(pValues)
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
        let scores = unsafe outputs.floats(score) + position
        let values = bins.column(segment, position: position, outputs: outputs)
        let value = unsafe answer.floats(sections.value) + segment.firstRow
        let pValue = unsafe answer.floats(sections.pValue) + segment.firstRow
        let flags = unsafe answer.flags(sections.flags) + segment.firstRow
        var hasFlag = false
        unsafe withUnsafeTemporaryAllocation(
            of: Int32.self,
            capacity: RankTable.blockRows
        ) { block in
            guard let found = block.baseAddress else { return }
            var first = 0
            while first < segment.rows {
                let rows = first..<min(segment.rows, first + RankTable.blockRows)
                if unsafe bins.find(values, rows, into: found) { hasFlag = true }
                unsafe pValues.write(
                    scores + first,
                    bins: found,
                    rows: rows.count,
                    to: pValue + first
                )
                for index in 0..<rows.count {
                    unsafe value[first + index] = scores[first + index]
                    unsafe flags[first + index] = found[index] < 0 ? EventFlag.unbinned : 0
                }
                first = rows.upperBound
            }
        }
        return hasFlag
    }
}
