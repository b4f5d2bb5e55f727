internal import Calibration
internal import Messages

/// The probabilities of classes, and the set of them that holds the true one.
final class SetStep: AnswerStep {
    /// Sections of an answer; those of doubt are -1 without members.
    struct Sections: Sendable {
        let value: Int
        let set: Int
        let flags: Int
        let aleatoric: Int
        let epistemic: Int
    }

    private let sets: ConformalSets
    private let classes: Int
    private let bins: BinReader
    /// Raw output: one probability a class, of every member.
    private let probabilities: Int
    private let members: Int
    /// A task of classes has one output.
    let output = 0
    private let sections: Sections
    /// The coverage of requests that name none, and its threshold of every bin and class.
    private let usualCoverage: Double
    private let usualThresholds: [Double]

    init(
        sets: ConformalSets,
        usualCoverage: Double,
        bins: BinReader,
        probabilities: Int,
        members: Int,
        sections: Sections
    ) {
        self.sets = sets
        self.bins = bins
        self.probabilities = probabilities
        self.members = members
        self.sections = sections
        self.usualCoverage = usualCoverage
        let classes = sets.classes
        self.classes = classes
        usualThresholds = (0..<sets.bins.count * classes).map {
            sets.threshold(class: $0 % classes, bin: $0 / classes, coverage: usualCoverage)
        }
    }

    func write(
        _ segment: BatchQueues.Segment,
        position: Int,
        outputs raw: RawOutputs,
        sections answer: AnswerSections
    ) -> Bool {
        let flags = unsafe answer.flags(sections.flags) + segment.firstRow
        var isFlagged = false
        return unsafe ScratchMemory.with(Double.self, count: classes) { scores in
            unsafe ScratchMemory.with(Int32.self, count: classes) { order in
                unsafe scores.initialize(repeating: 0)
                unsafe order.initialize(repeating: 0)
                let room = unsafe Room(scores: scores, order: order)
                let isUnbinned = unsafe bins.forEachBlock(
                    segment,
                    position: position,
                    outputs: raw,
                    flags: flags
                ) { rows, found in
                    for index in rows {
                        let bin = Int(unsafe found[index - rows.lowerBound])
                        let flag = unsafe write(
                            (segment.flight, segment.firstRow + index, bin),
                            raw,
                            position + index,
                            answer,
                            room
                        )
                        guard flag != 0 else { continue }
                        unsafe flags[index] |= flag
                        isFlagged = true
                    }
                }
                return isUnbinned || isFlagged
            }
        }
    }

    /// Memory of one event's scores.
    @safe
    private struct Room {
        let scores: UnsafeMutableBufferPointer<Double>
        let order: UnsafeMutableBufferPointer<Int32>
    }

    /// Writes one event; gives its flags but for that of its bin, -1 without one.
    private func write(
        _ event: (flight: FlightPointer, row: Int, bin: Int),
        _ raw: RawOutputs,
        _ place: Int,
        _ answer: AnswerSections,
        _ room: Room
    ) -> UInt8 {
        let value = unsafe answer.floats(sections.value) + event.row * classes
        let set = unsafe answer.flags(sections.set) + event.row * classes
        writeProbabilities(raw, place, answer, row: unsafe event.row)
        let bin = unsafe event.bin
        guard bin >= 0 else {
            unsafe set.initialize(repeating: 0, count: classes)
            return 0
        }
        var scores = unsafe MutableSpan(_unsafeElements: room.scores)
        var order = unsafe MutableSpan(_unsafeElements: room.order)
        unsafe sets.score.write(
            Span(_unsafeElements: UnsafeBufferPointer(start: value, count: classes)),
            uniform: uniform(event.flight, event.row),
            order: &order,
            to: &scores
        )
        let coverage = unsafe event.flight.pointee.coverage
        let isUsual = coverage == usualCoverage
        var flag: UInt8 = 0
        for index in 0..<classes {
            let threshold =
                isUsual
                ? usualThresholds[bin * classes + index]
                : sets.threshold(class: index, bin: bin, coverage: coverage)
            if threshold == .infinity { flag |= EventFlag.infinite }
            if scores[index].isNaN { flag |= EventFlag.nonfinite }
            unsafe set[index] = scores[index] <= threshold ? 1 : 0
        }
        // A set of some classes because of the others' lack of events would say something.
        if flag & EventFlag.nonfinite != 0 {
            flag = EventFlag.nonfinite
            unsafe set.initialize(repeating: 0, count: classes)
        }
        return flag
    }

    private func uniform(_ flight: FlightPointer, _ row: Int) -> Double {
        // Admission refuses requests without ids where they are needed.
        guard sets.score.isRandomised, let ids = unsafe flight.pointee.eventIds else { return 0 }
        let event = unsafe ids.loadUnaligned(fromByteOffset: row * 8, as: UInt64.self)
        return unsafe Philox.uniform(seed: flight.pointee.seed, event: event)
    }

    private func writeProbabilities(
        _ raw: RawOutputs,
        _ place: Int,
        _ answer: AnswerSections,
        row: Int
    ) {
        let value = unsafe answer.floats(sections.value) + row * classes
        let own = raw.span(probabilities, row: place, count: members * classes)
        guard members > 1 else {
            for index in 0..<classes { unsafe value[index] = own[index] }
            return
        }
        var mean = unsafe MutableSpan(
            _unsafeElements: UnsafeMutableBufferPointer(start: value, count: classes)
        )
        let doubt = EnsembleSpread.classes(probabilities: own, classes: classes, mean: &mean)
        unsafe answer.floats(sections.aleatoric)[row] = Float(doubt.aleatoric)
        unsafe answer.floats(sections.epistemic)[row] = Float(doubt.epistemic)
    }
}
