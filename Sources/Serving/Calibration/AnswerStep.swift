/// Writes one output of an answer.
protocol AnswerStep: AnyObject, Sendable {
    /// Place among the layout's outputs.
    var output: Int { get }

    /// Writes a segment's rows, which begin at `position` of the micro-batch; true if one carries a
    /// flag.
    func write(
        _ segment: BatchQueues.Segment,
        position: Int,
        outputs: RawOutputs,
        sections: AnswerSections
    ) -> Bool
}
