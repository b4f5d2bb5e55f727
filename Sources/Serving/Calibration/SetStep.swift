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
    private let scores: SetScores
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
        scores = SetScores(score: sets.score, classes: classes, section: sections.value)
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
        return scores.withRoom { room in
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

    /// Writes one event; gives its flags but for that of its bin, -1 without one.
    private func write(
        _ event: (flight: FlightPointer, row: Int, bin: Int),
        _ raw: RawOutputs,
        _ place: Int,
        _ answer: AnswerSections,
        _ room: SetScores.Room
    ) -> UInt8 {
        let set = unsafe answer.flags(sections.set) + event.row * classes
        writeProbabilities(raw, place, answer, row: unsafe event.row)
        let bin = unsafe event.bin
        guard bin >= 0 else {
            unsafe set.initialize(repeating: 0, count: classes)
            return 0
        }
        unsafe scores.write(event.flight, row: event.row, answer, to: room)
        let coverage = unsafe event.flight.pointee.coverage
        let isUsual = coverage == usualCoverage
        var flag: UInt8 = 0
        for index in 0..<classes {
            let threshold =
                isUsual
                ? usualThresholds[bin * classes + index]
                : sets.threshold(class: index, bin: bin, coverage: coverage)
            if threshold == .infinity { flag |= EventFlag.infinite }
            if room[index].isNaN { flag |= EventFlag.nonfinite }
            unsafe set[index] = room[index] <= threshold ? 1 : 0
        }
        // A set of some classes because of the others' lack of events would say something.
        if flag & EventFlag.nonfinite != 0 {
            flag = EventFlag.nonfinite
            unsafe set.initialize(repeating: 0, count: classes)
        }
        return flag
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
