internal import Calibration
internal import Messages

/// Keeps what a truth will be compared with, of events that have an id or are labelled.
final class ObservationStep: AnswerStep {
    /// Where the observation of one output is found; -1 for what its method has not.
    struct Entry: Sendable {
        let bins: BinReader
        let value: Int
        let lower: Int
        let upper: Int
        let sigma: Int
        /// Members of an ensemble, whose means and scales value and sigma are; 1 for none.
        let members: Int
    }

    private let entries: [Entry]
    /// Lent: it holds the plan that this belongs to, and a flight's service holds it.
    private unowned let learner: LiveCalibration
    /// Number of the calibration whose answers these are.
    private let generation: Int

    init(entries: [Entry], learner: LiveCalibration, generation: Int) {
        self.entries = entries
        self.learner = learner
        self.generation = generation
    }

    /// It flags nothing.
    let output = 0

    /// Observes a segment's rows, which begin at `position` of the micro-batch.
    func write(
        _ segment: BatchQueues.Segment,
        position: Int,
        outputs: RawOutputs,
        sections: AnswerSections
    ) -> Bool {
        observe(segment, position: position, outputs: outputs)
        return false
    }

    private func observe(_ segment: BatchQueues.Segment, position: Int, outputs: RawOutputs) {
        let labelled = unsafe segment.flight.pointee.observations
        let ids = unsafe segment.flight.pointee.eventIds
        guard unsafe labelled != nil || ids != nil else { return }
        let width = entries.count
        unsafe ScratchMemory.with(Observation.self, count: segment.rows * width) { found in
            unsafe found.initialize(repeating: Observation())
            for index in 0..<width {
                unsafe observe(index, segment, position, outputs, found)
            }
            if let labelled = unsafe labelled {
                let place = unsafe labelled + segment.firstRow * width
                unsafe place.update(from: found.baseAddress.unsafelyUnwrapped, count: found.count)
            } else if let ids = unsafe ids {
                unsafe learner.remember(
                    ids: ids + segment.firstRow * 8,
                    stream: segment.flight.pointee.stream,
                    generation: generation,
                    UnsafeBufferPointer(found),
                    width: width
                )
            }
        }
    }

    private func observe(
        _ index: Int,
        _ segment: BatchQueues.Segment,
        _ position: Int,
        _ outputs: RawOutputs,
        _ found: UnsafeMutableBufferPointer<Observation>
    ) {
        let entry = entries[index]
        let width = entries.count
        unsafe ScratchMemory.with(UInt8.self, count: segment.rows) { flags in
            unsafe flags.initialize(repeating: 0)
            _ = unsafe entry.bins.forEachBlock(
                segment,
                position: position,
                outputs: outputs,
                flags: flags.baseAddress.unsafelyUnwrapped
            ) { rows, cells in
                for row in rows {
                    var one = Self.observation(entry, outputs, row: position + row)
                    one.cell = unsafe cells[row - rows.lowerBound]
                    unsafe found[row * width + index] = one
                }
            }
        }
    }

    private static func observation(
        _ entry: Entry,
        _ outputs: RawOutputs,
        row: Int
    ) -> Observation {
        var one = Observation()
        if entry.members > 1 {
            let spread = EnsembleSpread.regression(
                means: outputs.span(entry.value, row: row, count: entry.members),
                sigmas: outputs.span(entry.sigma, row: row, count: entry.members)
            )
            one.value = Float(spread.mean)
            one.sigma = Float(spread.sigma)
            return one
        }
        one.value = unsafe outputs.floats(entry.value)[row]
        if entry.lower >= 0 { one.lower = unsafe outputs.floats(entry.lower)[row] }
        if entry.upper >= 0 { one.upper = unsafe outputs.floats(entry.upper)[row] }
        if entry.sigma >= 0 { one.sigma = unsafe outputs.floats(entry.sigma)[row] }
        return one
    }
}
