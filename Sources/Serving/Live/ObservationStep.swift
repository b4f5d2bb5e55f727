internal import Calibration
internal import Messages

/// Keeps what a truth will be compared with, of events that have an id or are labelled.
final class ObservationStep: Sendable {
    /// Where the observations of one output are found.
    struct Entry: Sendable {
        let bins: BinReader
        let source: Source
        /// What weighs the events, or nil.
        let weights: WeightReader?
        /// Its observations among those of an event.
        let places: Range<Int>
    }

    enum Source: Sendable {
        /// Raw outputs of one number; -1 for what the method has not.
        case outputs(value: Int, lower: Int, upper: Int, sigma: Int)
        /// Means and scales of the members of an ensemble.
        case members(means: Int, sigmas: Int, count: Int)
        /// Probabilities of classes.
        case classes(SetScores)
    }

    private let entries: [Entry]
    /// Observations of an event.
    private let width: Int
    /// Coverage of the answers that truths are held against.
    private let coverage: Double
    /// Lent: it holds the plan that this belongs to, and a flight's service holds it.
    private unowned let learner: LiveCalibration
    /// Number of the calibration whose answers these are.
    private let generation: Int

    init(
        entries: [Entry],
        width: Int,
        coverage: Double,
        learner: LiveCalibration,
        generation: Int
    ) {
        self.entries = entries
        self.width = width
        self.coverage = coverage
        self.learner = learner
        self.generation = generation
    }

    /// Observes a segment's rows, which begin at `position` of the micro-batch; those at `flagged`
    /// positions have no answer.
    func observe(
        _ segment: BatchQueues.Segment,
        position: Int,
        outputs: RawOutputs,
        flagged: [Int],
        sections: AnswerSections
    ) {
        let labelled = unsafe segment.flight.pointee.observations
        let ids = unsafe segment.flight.pointee.eventIds
        guard unsafe labelled != nil || ids != nil else { return }
        unsafe ScratchMemory.with(Observation.self, count: segment.rows * width) { found in
            unsafe found.initialize(repeating: Observation())
            for entry in entries {
                unsafe observe(entry, segment, position, outputs, sections, found)
            }
            // An answer without values holds no truth.
            for place in flagged where place >= position && place < position + segment.rows {
                let row = (place - position) * width
                unsafe found[row..<row + width].update(repeating: Observation())
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
        _ entry: Entry,
        _ segment: BatchQueues.Segment,
        _ position: Int,
        _ outputs: RawOutputs,
        _ answer: AnswerSections,
        _ found: UnsafeMutableBufferPointer<Observation>
    ) {
        let weights = entry.weights?.column(segment, position: position, outputs: outputs)
        unsafe ScratchMemory.with(UInt8.self, count: segment.rows) { flags in
            unsafe flags.initialize(repeating: 0)
            _ = unsafe entry.bins.forEachBlock(
                segment,
                position: position,
                outputs: outputs,
                flags: flags.baseAddress.unsafelyUnwrapped
            ) { rows, cells in
                for row in rows {
                    let first = row * width
                    let own = unsafe UnsafeMutableBufferPointer(
                        rebasing: found[
                            first + entry.places.lowerBound..<first + entry.places.upperBound
                        ]
                    )
                    for index in own.indices {
                        unsafe own[index].cell = cells[row - rows.lowerBound]
                    }
                    unsafe observe(entry.source, segment, row, position, outputs, answer, own)
                    if let weights { unsafe weigh(&own[0], entry, weights, row) }
                }
            }
        }
    }

    /// Fills the observations of an output and a row.
    private func observe(
        _ source: Source,
        _ segment: BatchQueues.Segment,
        _ row: Int,
        _ position: Int,
        _ outputs: RawOutputs,
        _ answer: AnswerSections,
        _ found: UnsafeMutableBufferPointer<Observation>
    ) {
        let place = position + row
        switch source {
        case .outputs(let value, let lower, let upper, let sigma):
            unsafe found[0].value = Double(outputs.floats(value)[place])
            if lower >= 0 { unsafe found[0].lower = outputs.floats(lower)[place] }
            if upper >= 0 { unsafe found[0].upper = outputs.floats(upper)[place] }
            if sigma >= 0 { unsafe found[0].sigma = outputs.floats(sigma)[place] }
        case .members(let means, let sigmas, let count):
            let spread = EnsembleSpread.regression(
                means: outputs.span(means, row: place, count: count),
                sigmas: outputs.span(sigmas, row: place, count: count)
            )
            unsafe found[0].value = Double(Float(spread.mean))
            unsafe found[0].sigma = Float(spread.sigma)
        case .classes(let scores):
            scores.withRoom { room in
                unsafe scores.write(segment.flight, row: segment.firstRow + row, answer, to: room)
                for index in found.indices { unsafe found[index].value = room[index] }
            }
        }
    }

    /// Gives an event the limit of its weight; one without a weight has no answer.
    private func weigh(
        _ one: inout Observation,
        _ entry: Entry,
        _ column: AxisValues,
        _ row: Int
    ) {
        guard one.cell >= 0,
            let quantile = entry.weights?.quantile(
                column,
                row,
                bin: Int(one.cell),
                coverage: coverage
            )
        else {
            one.cell = -1
            return
        }
        one.limit = quantile.below
    }
}
