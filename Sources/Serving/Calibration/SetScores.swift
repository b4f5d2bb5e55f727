internal import Calibration

/// How strange each class of an event is, by the probabilities that its answer holds.
struct SetScores: Sendable {
    let score: ClassScore
    let classes: Int
    /// Section of the answer with one probability a class.
    let section: Int

    /// Memory for the scores of one event.
    @safe
    struct Room {
        fileprivate let order: UnsafeMutableBufferPointer<Int32>
        fileprivate let scores: UnsafeMutableBufferPointer<Double>

        /// Score of a class of the event that was written last.
        subscript(index: Int) -> Double { unsafe scores[index] }
    }

    /// Calls `body` with memory for the scores of one event.
    @inline(__always)
    func withRoom<Value>(_ body: (Room) -> Value) -> Value {
        unsafe ScratchMemory.with(Double.self, count: classes) { scores in
            unsafe ScratchMemory.with(Int32.self, count: classes) { order in
                unsafe scores.initialize(repeating: 0)
                unsafe order.initialize(repeating: 0)
                return unsafe body(Room(order: order, scores: scores))
            }
        }
    }

    /// Writes the scores of row `row` of a flight, whose probabilities its answer holds.
    func write(_ flight: FlightPointer, row: Int, _ answer: AnswerSections, to room: Room) {
        let probabilities = unsafe UnsafeBufferPointer(
            start: answer.floats(section) + row * classes,
            count: classes
        )
        var order = unsafe MutableSpan(_unsafeElements: room.order)
        var scores = unsafe MutableSpan(_unsafeElements: room.scores)
        unsafe score.write(
            Span(_unsafeElements: probabilities),
            uniform: uniform(flight, row),
            order: &order,
            to: &scores
        )
    }

    private func uniform(_ flight: FlightPointer, _ row: Int) -> Double {
        // Admission refuses requests without ids where they are needed.
        guard score.isRandomised, let ids = unsafe flight.pointee.eventIds else { return 0 }
        let event = unsafe ids.loadUnaligned(fromByteOffset: row * 8, as: UInt64.self)
        return unsafe Philox.uniform(seed: flight.pointee.seed, event: event)
    }
}
