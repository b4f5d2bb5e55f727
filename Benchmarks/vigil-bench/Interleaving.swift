/// Measures contestants in turn, A B C A B C, so that a machine that slows down slows all.
struct Interleaving {
    /// What each contestant measured, in the order of the repetitions.
    private(set) var values: [String: [[Double]]] = [:]

    /// Runs every contestant once a repetition; each gives one or more numbers.
    ///
    /// The order turns with every repetition, so that none always comes after the same other.
    init(
        repetitions: Int,
        _ contestants: [(name: String, run: () throws(BenchFailure) -> [Double])]
    ) throws(BenchFailure) {
        for repetition in 0..<repetitions {
            for place in contestants.indices {
                let contestant = contestants[(place + repetition) % contestants.count]
                Progress.show("\(contestant.name), \(repetition + 1) of \(repetitions)")
                values[contestant.name, default: []].append(try contestant.run())
            }
        }
    }

    /// Number `index` of a contestant, one a repetition.
    func of(_ name: String, _ index: Int = 0) -> [Double] {
        values[name, default: []].map { $0[index] }
    }

    /// Number `index` of a contestant over that of another, one a repetition.
    func ratios(_ name: String, _ other: String, _ index: Int = 0) -> [Double] {
        zip(of(name, index), of(other, index)).map(/)
    }
}
