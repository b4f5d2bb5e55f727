import ArgumentParser
import Glibc
import Messages
import VigilClient

/// The command `vigil`.
@main
struct Vigil: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vigil",
        abstract: "Talks to vigild: scores events, calibrates models, measures.",
        version: "0.1.0",
        subcommands: [
            StatusCommand.self, ModelsCommand.self, ScoreCommand.self, CalibrateCommand.self,
            EvaluateCommand.self, BenchCommand.self,
        ]
    )
}

/// Where the daemon is; every command has these.
struct ConnectionOptions: ParsableArguments {
    @Option(
        name: .shortAndLong,
        help:
            "Daemon to ask; several are tried in turn. Default: $VIGIL_ENDPOINT, or tcp://127.0.0.1:5555."
    )
    var endpoint: [String] = []

    @Option(help: "Seconds a call may take, retries included.")
    var timeout = 60.0

    var endpoints: [String] {
        if !endpoint.isEmpty { return endpoint }
        guard let value = unsafe getenv("VIGIL_ENDPOINT") else { return ["tcp://127.0.0.1:5555"] }
        return unsafe [String(cString: value)]
    }

    func validate() throws {
        guard timeout > 0, timeout <= 86_400 else {
            throw ValidationError(
                "--timeout \(timeout): allowed are more than 0 and at most 86400 seconds"
            )
        }
    }

    /// Runs `body` with a client and closes it.
    func withClient<Value>(_ body: (Client) async throws -> Value) async throws -> Value {
        var options = ClientOptions(endpoints: endpoints)
        options.timeoutMilliseconds = Int(timeout * 1000)
        let client = try Client(options)
        defer { client.close() }
        do {
            return try await body(client)
        } catch ClientError.noReply(let text) {
            throw Complaint(
                "no reply from \(endpoints.joined(separator: ", ")) within \(timeout) s (\(text)): is vigild running there?"
            )
        }
    }
}

/// An error that is shown as one line.
struct Complaint: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
