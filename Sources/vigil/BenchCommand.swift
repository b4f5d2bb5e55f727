import ArgumentParser
import Datasets
import Histogram
import Messages
import VigilClient

/// `vigil bench`.
struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Loads a daemon and reports rates and latencies.",
        discussion: """
            Closed loop: --window requests are always in flight. Open loop, with --rate: \
            requests leave at the moments of a Poisson process and latency counts from the \
            intended moment.
            """
    )

    @Argument(help: "Model to load.") var model: String
    @Option(help: "Data file (.npy, .npz) that the events are taken from.") var data: String
    @Option(help: "Events of a request.") var rows = 1
    @Option(help: "Requests in flight (closed loop).") var window = 64
    @Option(help: "Requests per second (open loop).") var rate: Double?
    @Option(help: "Requests to measure.") var requests = 20_000
    @Option(help: "Seed of the open loop's moments.") var seed: UInt64 = 1
    @Flag(help: "Ask for raw scores.") var raw = false
    @OptionGroup var connection: ConnectionOptions
    @Flag(help: "Print JSON.") var json = false

    private struct Latency: Encodable {
        @JSONNumber var p50: Double
        @JSONNumber var p90: Double
        @JSONNumber var p99: Double
        @JSONNumber var maximum: Double
    }

    private struct Report: Encodable {
        let model: String
        let loop: String
        let rows: Int
        let window: Int?
        let rate: Double?
        let requests: Int
        let refusals: Int
        let first_refusal: String?
        @JSONNumber var requests_per_second: Double
        @JSONNumber var events_per_second: Double
        @JSONNumber var reply_bytes_per_second: Double
        let latency_us: Latency
    }

    func validate() throws {
        guard (1...65_536).contains(rows) else {
            throw ValidationError("--rows \(rows): allowed are 1 to 65536")
        }
        guard (1...65_536).contains(window) else {
            throw ValidationError("--window \(window): allowed are 1 to 65536")
        }
        guard (1...100_000_000).contains(requests) else {
            throw ValidationError("--requests \(requests): allowed are 1 to 100000000")
        }
        if let rate, !(rate > 0 && rate <= 1e7) {
            throw ValidationError("--rate \(rate): allowed are more than 0 and at most 10000000")
        }
    }

    func run() async throws {
        let events = try Dataset(path: data)
        let (name, rows, raw) = (model, rows, raw)
        let (call, endpoint) = try await connection.withClient { client in
            guard let description = try await client.models(name).first else {
                throw Complaint("the daemon has no model '\(name)'")
            }
            let source = try EventSource(events, model: description)
            guard source.rows >= rows else {
                throw Complaint(
                    "\(events.path) holds \(source.rows) events, --rows asks for \(rows)"
                )
            }
            var call = source.call(0..<rows)
            call.isRaw = raw
            return (call, client.answeringEndpoint ?? connection.endpoints[0])
        }
        let outcome: LoadLoop.Outcome
        do throws(ClientError) {
            outcome = try load(call, endpoint)
        } catch {
            throw Complaint("\(error): is vigild running there?")
        }
        try report(outcome)
        // Latencies of refusals measure nothing that anyone wants.
        if outcome.refusals == outcome.replies { throw ExitCode(1) }
    }

    private func load(_ call: ScoreCall, _ endpoint: String) throws(ClientError) -> LoadLoop.Outcome
    {
        var loop = try LoadLoop(
            endpoint: endpoint,
            call: call,
            silenceMilliseconds: connection.timeoutMilliseconds
        )
        guard let rate else {
            return try loop.closed(window: window, replies: requests, warmUp: requests / 10)
        }
        return try loop.open(requestsPerSecond: rate, requests: requests, seed: seed)
    }

    private func report(_ outcome: LoadLoop.Outcome) throws {
        var histogram = Histogram<UInt64>(
            lowestDiscernibleValue: 1,
            highestTrackableValue: 3_600_000_000_000,
            numberOfSignificantValueDigits: .three
        )
        for latency in outcome.latencies { histogram.record(latency) }
        func percentile(_ share: Double) -> Double {
            Double(histogram.valueAtPercentile(share)) / 1000
        }
        let seconds = Double(outcome.nanoseconds) * 1e-9
        let rps = Double(outcome.replies) / seconds
        let report = Report(
            model: model,
            loop: rate == nil ? "closed" : "open",
            rows: rows,
            window: rate == nil ? window : nil,
            rate: rate,
            requests: outcome.replies,
            refusals: outcome.refusals,
            first_refusal: outcome.firstRefusal?.description,
            requests_per_second: rps,
            events_per_second: rps * Double(rows),
            reply_bytes_per_second: Double(outcome.bytes) / seconds,
            latency_us: Latency(
                p50: percentile(50),
                p90: percentile(90),
                p99: percentile(99),
                maximum: percentile(100)
            )
        )
        if json { return try Output.json(report) }
        print(
            "\(report.loop) loop, \(rows) events a request, \(outcome.replies) requests, \(outcome.refusals) refused"
        )
        if let refusal = report.first_refusal { print("first refusal: \(PlainText.of(refusal))") }
        Output.table(
            ["requests/s", "events/s", "p50 us", "p90 us", "p99 us", "max us"],
            [
                [
                    Output.fixed(rps, 0), Output.fixed(rps * Double(rows), 0),
                    Output.fixed(report.latency_us.p50, 1), Output.fixed(report.latency_us.p90, 1),
                    Output.fixed(report.latency_us.p99, 1),
                    Output.fixed(report.latency_us.maximum, 1),
                ]
            ]
        )
    }
}
