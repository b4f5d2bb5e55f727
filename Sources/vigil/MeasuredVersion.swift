import Messages

/// How long a version takes for its micro-batches, by their events.
struct LadderTimes {
    private(set) var nanoseconds: [Int: Int] = [:]

    /// Adds what the daemon measured at a load: of a shape the least counts, as nothing disturbed it.
    mutating func add(_ model: ModelDescription) {
        for step in model.ladder {
            nanoseconds[step.rows] = min(nanoseconds[step.rows] ?? .max, step.nanoseconds)
        }
    }

    /// Time of a micro-batch, NaN for one that is not used.
    func microseconds(_ rows: Int) -> Double {
        nanoseconds[rows].map { Double($0) / 1000 } ?? .nan
    }

    /// The micro-batch that takes least an event.
    var best: (rows: Int, nanosecondsPerEvent: Double) {
        nanoseconds.map { (rows: $0.key, nanosecondsPerEvent: Double($0.value) / Double($0.key)) }
            .min { $0.nanosecondsPerEvent < $1.nanosecondsPerEvent } ?? (1, .infinity)
    }
}

/// A version that was made, loaded, and asked for the scores of the events that set no range.
struct MeasuredVersion {
    /// Groups of layers left in float32, by their numbers.
    let excluded: [Int]
    let artefact: [UInt8]
    var times = LadderTimes()
    let raw: Scoring.Outcome
    /// How far scores are from those of float32, in standard deviations of these: the most that any
    /// answer's root mean square is.
    let shift: Double
}
