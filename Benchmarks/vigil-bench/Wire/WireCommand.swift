import ArgumentParser

/// What the codec of the request path costs: one JSON line a case, nanoseconds a message.
///
/// The cases take turns, so that what else the machine does meets all of them, and the median of
/// a case's repetitions counts.
struct WireCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wire",
        abstract: "Times the codec of the request path: one line of JSON a case."
    )

    private static let repetitions = 101
    /// Messages of one repetition: about a millisecond of the fastest case.
    private static let messages = 20_000

    /// Something to be timed: `run` does it the given number of times.
    struct Case {
        let what: String
        let run: (Int) -> Void
    }

    func run() {
        let requests = [RequestCases(rows: 1024), RequestCases(rows: 1)]
        let replies = [ReplyCases(isFramed: true), ReplyCases(isFramed: false)]
        let cases = requests.flatMap(\.cases) + replies.flatMap(\.cases)
        let clock = ContinuousClock()
        var times = [[Double]](repeating: [], count: cases.count)
        for _ in 0..<Self.repetitions {
            for index in cases.indices {
                let time = clock.measure { cases[index].run(Self.messages) }
                let nanoseconds = Double(time.components.attoseconds) * 1e-9
                times[index].append(nanoseconds / Double(Self.messages))
            }
        }
        for (one, times) in zip(cases, times) {
            let median = (times.sorted()[Self.repetitions / 2] * 10).rounded() / 10
            print("{\"what\": \"\(one.what)\", \"nanoseconds\": \(median)}")
        }
    }
}
