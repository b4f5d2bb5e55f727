import Settings
import TestSupport
import Testing

@Suite struct SettingsRangeTests {
    struct Key: Sendable, CustomTestStringConvertible {
        var section: String?
        var name: String
        var range: ClosedRange<Int>
        var value: @Sendable (DaemonSettings) -> Int?
        var testDescription: String { name }

        /// A file that sets the key alone, in line `line`.
        func text(_ value: String) -> String {
            section.map { "\($0):\n  \(name): \(value)\n" } ?? "\(name): \(value)\n"
        }

        var path: String { section.map { "\($0).\(name)" } ?? name }
        var line: Int { section == nil ? 1 : 2 }
    }

    static let keys = [
        Key(name: "drain_seconds", range: 1...600) { $0.drainSeconds },
        Key(section: "zeromq", name: "io_threads", range: 1...16) { $0.ioThreads },
        Key(section: "zeromq", name: "high_water_mark", range: 1...1_000_000) { $0.highWaterMark },
        Key(section: "zeromq", name: "maximum_frame_mebibytes", range: 1...2047) {
            $0.maximumFrameMebibytes
        },
        Key(section: "zeromq", name: "maximum_in_flight", range: 1...65_536) { $0.maximumInFlight },
        Key(section: "zeromq", name: "client_backlog_mebibytes", range: 1...65_536) {
            $0.clientBacklogMebibytes
        },
        Key(section: "zeromq", name: "total_backlog_mebibytes", range: 1...1_048_576) {
            $0.totalBacklogMebibytes
        },
        Key(section: "zeromq", name: "maximum_wait_milliseconds", range: 1...3_600_000) {
            $0.maximumWaitMilliseconds
        },
        Key(section: "zeromq", name: "linger_milliseconds", range: 0...60_000) {
            $0.lingerMilliseconds
        },
        Key(section: "zeromq", name: "busy_poll_microseconds", range: 0...1_000_000) {
            $0.busyPollMicroseconds
        },
        Key(section: "http", name: "port", range: 0...65_535) { $0.httpPort },
    ]

    @Test("Both ends of a range are taken", arguments: keys)
    func ends(key: Key) throws {
        for value in [key.range.lowerBound, key.range.upperBound] {
            #expect(key.value(try read(key.text("\(value)"))) == value)
        }
    }

    @Test("Beyond its ends a value is refused with file, line, key and range", arguments: keys)
    func beyond(key: Key) {
        for value in [key.range.lowerBound - 1, key.range.upperBound + 1] {
            let message = refusal(key.text("\(value)"))
            #expect(
                message
                    == ":\(key.line): \(key.path): found \(value), allowed are "
                    + "\(key.range.lowerBound) to \(key.range.upperBound)"
            )
        }
    }

    @Test("Another type is refused", arguments: keys, ["1.5", "'1'", "many", "[1]", "true", "~"])
    func type(key: Key, text: String) {
        let message = refusal(key.text(text))
        #expect(message?.hasPrefix(":\(key.line): \(key.path): found ") ?? false)
        #expect(message?.hasSuffix("allowed is a whole number") ?? false)
    }

    @Test(
        "What else is wrong is refused in one line",
        arguments: [
            (
                "log_level: loud\n",
                ":1: log_level: found 'loud', allowed are debug, info, notice, warning, error"
            ),
            ("models: ''\n", ":1: models: found an empty string"),
            (
                "models: 7\n",
                ":1: models: found the whole number 7, allowed is a string (in quotes)"
            ),
            ("onnxruntime: [a]\n", ":1: onnxruntime: found a list of 1, allowed is a string"),
            ("zeromq: 5\n", ":1: zeromq: found '5', allowed is a mapping"),
            ("http: []\n", ":1: http: found a list of 0, allowed is a mapping"),
            (
                "http: {enabled: maybe}\n",
                ":1: http.enabled: found 'maybe', allowed is true or false"
            ),
            ("http: {host: ''}\n", ":1: http.host: found an empty string"),
            (
                "http:\n  tls: 1\n",
                ":2: http.tls: unknown key 'tls', allowed are enabled, host, port"
            ),
            (
                "zeromq:\n  endpoints: []\n",
                ":2: zeromq.endpoints: found 0 entries, allowed are 1 to 16"
            ),
            (
                "zeromq:\n  endpoints: tcp://x:1\n",
                ":2: zeromq.endpoints: found 'tcp://x:1', allowed is a list"
            ),
            (
                "zeromq:\n  endpoints:\n    - tcp://x:1\n    - udp://y:2\n",
                ":4: zeromq.endpoints[1]: found 'udp://y:2', "
                    + "allowed are tcp://HOST:PORT with a port of 0 to 65535 or *, and ipc:///PATH"
            ),
            (
                "zeromq:\n  endpoints:\n    - tcp://x:1\n    - tcp://y\n",
                ":4: zeromq.endpoints[1]: found 'tcp://y', "
                    + "allowed are tcp://HOST:PORT with a port of 0 to 65535 or *, and ipc:///PATH"
            ),
            (
                "zeromq:\n  endpoints:\n    - tcp://x:1\n    - tcp://y:65536\n",
                ":4: zeromq.endpoints[1]: found 'tcp://y:65536', "
                    + "allowed are tcp://HOST:PORT with a port of 0 to 65535 or *, and ipc:///PATH"
            ),
            (
                "zeromq:\n  endpoints:\n    - tcp://x:1\n    - tcp://y:http\n",
                ":4: zeromq.endpoints[1]: found 'tcp://y:http', "
                    + "allowed are tcp://HOST:PORT with a port of 0 to 65535 or *, and ipc:///PATH"
            ),
            (
                "zeromq:\n  endpoints:\n    - tcp://x:1\n    - tcp://:1\n",
                ":4: zeromq.endpoints[1]: found 'tcp://:1', "
                    + "allowed are tcp://HOST:PORT with a port of 0 to 65535 or *, and ipc:///PATH"
            ),
            (
                "zeromq:\n  endpoints:\n    - tcp://x:1\n    - ipc://relative\n",
                ":4: zeromq.endpoints[1]: found 'ipc://relative', "
                    + "allowed are tcp://HOST:PORT with a port of 0 to 65535 or *, and ipc:///PATH"
            ),
            (
                "zeromq:\n  endpoints:\n    - tcp://x:1\n    - ipc:///\n",
                ":4: zeromq.endpoints[1]: found 'ipc:///', "
                    + "allowed are tcp://HOST:PORT with a port of 0 to 65535 or *, and ipc:///PATH"
            ),
            ("", ":1: the file is empty"),
            ("- 1\n", ":1: found a list of 1, allowed is a mapping"),
        ]
    )
    func other(text: String, message: String) {
        #expect(refusal(text) == message)
    }

    @Test func `A key that stands twice is refused by name`() {
        let message = refusal("drain_seconds: 1\nmodels: a\ndrain_seconds: 2\n")
        #expect(message?.hasSuffix(": drain_seconds: stands twice") ?? false)
    }

    @Test func `At most 16 endpoints`() throws {
        let many = (1...17).map { "tcp://127.0.0.1:\($0)" }
        let text = "zeromq: {endpoints: [\(many.map { "'\($0)'" }.joined(separator: ", "))]}\n"
        #expect(refusal(text) == ":1: zeromq.endpoints: found 17 entries, allowed are 1 to 16")
    }

    @Test func `A file longer than is allowed is refused`() {
        let long = "models: a\n#" + String(repeating: "x", count: 300_000)
        #expect(refusal(long)?.hasSuffix("bytes, allowed are 262144") ?? false)
    }

    private func read(_ text: String) throws -> DaemonSettings {
        let folder = try TemporaryFolder()
        return try DaemonSettings(path: folder.write("vigild.yaml", text))
    }

    /// The message without the file's path at its beginning.
    private func refusal(_ text: String) -> String? {
        guard let folder = try? TemporaryFolder(),
            let path = try? folder.write("vigild.yaml", text)
        else { return nil }
        let error = #expect(throws: SettingsFailure.self) { try DaemonSettings(path: path) }
        return error?.description.replacing(path, with: "")
    }
}
