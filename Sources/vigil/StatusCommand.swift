import ArgumentParser
import Messages
import VigilClient

/// `vigil status`.
struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "What the daemon is and how it fares."
    )

    @OptionGroup var connection: ConnectionOptions
    @Flag(help: "Print JSON.") var json = false

    private struct Report: Encodable {
        let version: String
        let ready: Bool
        let reasons: [String]
        let degraded: [String]
        @JSONNumber var uptime_seconds: Double
        let endpoints: [String]
        let requests: UInt64
        let refusals: UInt64
        let events: UInt64
        let in_flight: UInt64
    }

    func run() async throws {
        let status = try await connection.withClient { try await $0.status() }
        if json {
            try Output.json(
                Report(
                    version: status.version,
                    ready: status.isReady,
                    reasons: status.reasons,
                    degraded: status.degraded,
                    uptime_seconds: Double(status.uptimeMicroseconds) * 1e-6,
                    endpoints: status.endpoints,
                    requests: status.requests,
                    refusals: status.refusals,
                    events: status.events,
                    in_flight: status.inFlight
                )
            )
        } else {
            let readiness = Readiness(reasons: status.reasons, degraded: status.degraded)
            print("vigild \(status.version), \(readiness.word)")
            for reason in status.reasons + status.degraded { print("  \(reason)") }
            print("up \(Output.fixed(Double(status.uptimeMicroseconds) * 1e-6, 0)) s")
            for endpoint in status.endpoints { print("listening at \(endpoint)") }
            print(
                "\(status.requests) messages, \(status.events) events answered, \(status.refusals) refusals, \(status.inFlight) in flight"
            )
        }
        if !status.isReady { throw ExitCode(1) }
    }
}
