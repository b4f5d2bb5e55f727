import ArgumentParser

/// The command `vigil-replay`.
@main
struct VigilReplay: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vigil-replay",
        abstract: "Takes recorded requests through the daemon's request path, for counting.",
        discussion: """
            No network and, where a model runs on the transport's lane, one thread: so what is \
            counted repeats. Prints a JSON list with an object for each kind of request.
            """
    )

    @Argument(help: "Folder of models.")
    var models: String

    @Option(help: "ONNX Runtime's library, for models other than null and trees.")
    var onnxruntime: String?

    @Option(help: "Only the kinds whose names begin so.")
    var only = ""

    @Flag(help: "Count allocations; the counter must be preloaded.")
    var allocations = false

    @Flag(help: "Let callgrind collect the rounds of the lane, for kinds that run on it.")
    var instructions = false

    @Flag(help: "Make one allocation a request, to see that it is counted.")
    var waste = false

    @Option(help: "Show the callers of so many allocations of each kind, on standard error.")
    var trace = 0

    func run() throws {
        let counter = AllocationCounter()
        guard !allocations || counter.isThere else {
            throw ReplayFailure("--allocations: the counter is not preloaded (LD_PRELOAD)")
        }
        guard !instructions || Callgrind.isThere else {
            throw ReplayFailure("--instructions: valgrind does not run this program")
        }
        let loaded = try ReplayModels(folder: models, onnxRuntimePath: onnxruntime)
        let replay = try Replay(loaded, counter: counter, wastes: waste)
        if instructions { Callgrind.stepClock() }
        var lines: [String] = []
        for kind in loaded.kinds where kind.name.hasPrefix(only) {
            if instructions, !kind.isOnLane { continue }
            let recording = Recording(kind)
            // Once to warm up: pools, reply templates and queues have their sizes then.
            try replay.run(kind, recording)
            if trace > 0 { counter.trace(trace) }
            counter.reset()
            if instructions { Callgrind.beginKind() }
            try replay.run(kind, recording, collects: instructions)
            if instructions { Callgrind.endKind(kind.name) }
            if trace > 0 { counter.trace(0) }
            lines.append(
                Outcome(
                    kind: kind,
                    replyBytes: replay.replyBytes,
                    allocations: allocations ? counter.read(requests: kind.requests) : []
                ).json
            )
        }
        replay.close()
        print("[\n" + lines.joined(separator: ",\n") + "\n]")
        loaded.retire()
    }
}

/// Why nothing was counted, in one line.
struct ReplayFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
