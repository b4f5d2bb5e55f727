import ArgumentParser
import CBench
import Glibc
import Messages
import Tensors

/// One load by itself, to run a profiler against.
struct LoadCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "load",
        abstract: "Sends one request over and over to a running daemon, for profilers."
    )

    @Option(help: "Where the daemon listens.") var endpoint: String
    @Option(help: "Model.") var model = "null"
    @Option(help: "Input.") var input = "x"
    @Option(help: "Shape of one event.") var shape: [Int] = [16]
    @Option(help: "Events of a request.") var rows = 1
    @Option(help: "Requests in flight, of each client.") var window = 256
    @Option(help: "Clients.") var clients = 1
    @Option(help: "Replies that are waited for.") var replies = 1_000_000
    @Flag(help: "The tensor in a frame of its own.") var framed = false
    @Flag(help: "Raw answers.") var raw = false
    @Flag(help: "Priority BULK.") var bulk = false
    @Flag(help: "Again and again, a line each, until the process is ended.") var forever = false

    func run() throws {
        cbench_keep_freed_memory()
        let count = rows * shape.reduce(1, *)
        var call = ScoreCall(
            model: model,
            inputs: [
                TensorValue(
                    name: input,
                    shape: [rows] + shape,
                    floats: (0..<count).map { Float($0 % 97) * 0.5 + 10 }
                )
            ]
        )
        call.isRaw = raw
        if bulk { call.priority = .bulk }
        let request = framed ? PreparedRequest(call, inlineBytes: 0) : PreparedRequest(call)
        let load = try Load(endpoint, request, clients: clients)
        repeat {
            let outcome = try load.closed(window: window, replies: replies, isTimed: window == 1)
            print("\(Figure.text(outcome.perSecond)) requests/s")
            fflush(nil)
            guard window == 1 else { continue }
            let percentiles = Percentiles(outcome.latencies)
            print([50.0, 90, 99].map { "p\(Int($0)) \(percentiles.microseconds($0)) us" })
        } while forever
    }
}
