import ArgumentParser
import Datasets
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
            TruthCommand.self, CalibrationsCommand.self, EvaluateCommand.self, CutCommand.self,
            AnomaliesCommand.self, ExplainCommand.self, BackgroundCommand.self,
            ReferenceCommand.self, MonitorCommand.self, BenchCommand.self, QuantizeCommand.self,
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

    /// Runs `body` with a client and closes it; a patient one asks nothing again that takes long.
    func withClient<Value>(
        isPatient: Bool = false,
        _ body: (Client) async throws -> Value
    ) async throws -> Value {
        for endpoint in endpoints where !Self.isEndpoint(endpoint) {
            throw Complaint(
                "--endpoint \(endpoint): allowed are tcp://HOST:PORT and ipc:///PATH"
            )
        }
        var options = ClientOptions(endpoints: endpoints)
        options.timeoutMilliseconds = timeoutMilliseconds
        if isPatient { options.attemptMilliseconds = timeoutMilliseconds }
        do {
            let client = try Client(options)
            defer { client.close() }
            return try await body(client)
        } catch ClientError.noReply(let text) {
            throw Complaint(
                "no reply from \(endpoints.joined(separator: ", ")) within \(Output.shortest(timeout)) s (\(text)): is vigild running there?"
            )
        } catch let error as ClientError {
            throw Complaint(error.description)
        }
    }

    /// The time a call may take.
    var timeoutMilliseconds: Int { max(1, Int(timeout * 1000)) }

    private static func isEndpoint(_ text: String) -> Bool {
        if text.hasPrefix("ipc://") { return text.count > "ipc://".count }
        guard text.hasPrefix("tcp://"), let colon = text.lastIndex(of: ":") else { return false }
        let host = text[..<colon].dropFirst("tcp://".count)
        guard !host.isEmpty, let port = UInt16(text[text.index(after: colon)...]) else {
            return false
        }
        return port > 0
    }
}

/// An error that is shown as one line.
struct Complaint: Error, CustomStringConvertible {
    let description: String

    /// Text of files and replies may hold anything: what does not print is escaped.
    init(_ description: String) {
        self.description = PlainText.of(description)
    }
}
