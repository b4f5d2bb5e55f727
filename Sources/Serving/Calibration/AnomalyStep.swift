internal import Calibration
internal import Messages

/// An anomaly score and its conformal p-value against normal events.
final class AnomalyStep: AnswerStep {
    private let pValues: PValueTable
    private let bins: BinReader
    /// Raw output: the score; larger means stranger.
    private let score: Int
    /// A task of its kind has one output.
    let output = 0
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

    func write(
        _ segment: BatchQueues.Segment,
        position: Int,
        outputs: RawOutputs,
        sections answer: AnswerSections
    ) -> Bool {
        let scores = unsafe outputs.floats(score) + position
        let value = unsafe answer.floats(sections.value) + segment.firstRow
        let pValue = unsafe answer.floats(sections.pValue) + segment.firstRow
        let flags = unsafe answer.flags(sections.flags) + segment.firstRow
        return unsafe bins.forEachBlock(
            segment,
            position: position,
            outputs: outputs,
            flags: flags
        ) { rows, found in
            unsafe pValues.write(
                scores + rows.lowerBound,
                bins: found,
                rows: rows.count,
                to: pValue + rows.lowerBound
            )
            for index in rows { unsafe value[index] = scores[index] }
        }
    }
}
