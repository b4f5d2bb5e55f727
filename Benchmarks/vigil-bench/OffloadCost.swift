/// What a run on a card costs beside the kernel: XRT, the driver, and with an emulated card its
/// scheduling and the copies between the host's memory and its own.
struct OffloadCost {
    private static let counts = [1, 64, 1024, 16_384]
    private static let repetitions = 3
    /// Of a call with XRT's own stand-in, which does nothing but be called.
    private static let mostMicroseconds = 5.0

    let setting: Setting

    /// Overhead of a call and of an event.
    func measure() throws(BenchFailure) -> [Figure] {
        let noop = try child("noop.xclbin", page: nil)
        let card = try child(nil, page: "\(setting.work)/card-page")
        var figures: [Figure] = []
        for count in Self.counts {
            let turns = try Interleaving(
                repetitions: setting.isQuick ? Self.repetitions : setting.repetitions,
                [
                    ("noop", { () throws(BenchFailure) in try run(noop, count) }),
                    ("card", { () throws(BenchFailure) in try run(card, count) }),
                ]
            )
            let events = count == 1 ? "1 event" : "\(count) events"
            let rest = zip(turns.of("card"), turns.of("card", 1)).map(-)
            figures += [
                Figure(
                    "offload with XRT's noop, \(events): a call",
                    turns.of("noop"),
                    unit: "us",
                    target: .atMost(Self.mostMicroseconds)
                ),
                Figure(
                    "offload to the emulated card, \(events): a call less the kernel's own time",
                    rest,
                    unit: "us",
                    over: "the whole call",
                    turns.of("card")
                ),
                Figure(
                    "offload to the emulated card, \(events): the same an event",
                    rest.map { $0 * 1000 / Double(count) },
                    unit: "ns"
                ),
            ]
        }
        return figures
    }

    private func child(_ xclbin: String?, page: String?) throws(BenchFailure) -> ChildProcess {
        let version = "\(setting.firmware)/models/trigger-mlp/1"
        let file =
            xclbin.map { "\(setting.firmware)/card/\($0)" } ?? "\(version)/kernel-emulated.xclbin"
        return try ChildProcess(
            [
                setting.bench, "offload", "--xrt", "\(setting.firmware)/card/xrt",
                "--firmware", version, "--xclbin", file, "--events", "\(Self.counts.last ?? 1)",
                "--seconds", "\(0.5 * setting.scale)",
            ] + (page.map { ["--page", $0] } ?? []),
            errorPath: "\(setting.work)/offload\(page == nil ? "-noop" : "").log"
        )
    }

    private func run(_ child: ChildProcess, _ count: Int) throws(BenchFailure) -> [Double] {
        child.write("\(count)")
        let numbers = child.readLine()?.split(separator: " ").compactMap { Double($0) } ?? []
        guard numbers.count == 2 else {
            throw BenchFailure("the driver's process ended: \(child.errors)")
        }
        return numbers
    }
}
