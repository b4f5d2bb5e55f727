import Foundation
import Settings
import TestSupport
import Testing

@Suite struct DaemonSettingsTests {
    /// The file that is shipped.
    static let shipped = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Config/vigild.yaml").path

    @Test func `The shipped file says the defaults`() throws {
        var settings = try DaemonSettings(path: Self.shipped)
        let folder = URL(fileURLWithPath: Self.shipped).deletingLastPathComponent().path
        #expect(settings.models == "\(folder)/models")
        settings.models = DaemonSettings().models
        #expect(settings == DaemonSettings())
    }

    @Test func `The shipped file shows every key`() throws {
        let text = try String(contentsOfFile: Self.shipped, encoding: .utf8)
        let keys = [
            "models", "onnxruntime", "xrt", "log_level", "drain_seconds", "zeromq", "http",
            "endpoints",
            "io_threads", "high_water_mark", "maximum_frame_mebibytes", "maximum_in_flight",
            "client_backlog_mebibytes", "total_backlog_mebibytes", "maximum_wait_milliseconds",
            "linger_milliseconds", "busy_poll_microseconds", "enabled", "host", "port",
        ]
        let shown = text.split(separator: "\n").compactMap { line -> String? in
            let trimmed = line.drop { $0 == " " }
            guard let end = trimmed.firstIndex(of: ":"), !trimmed.hasPrefix("#"),
                !trimmed.hasPrefix("-")
            else { return nil }
            return String(trimmed[..<end])
        }
        #expect(shown.sorted() == keys.sorted())
        // Each is known: changed one by one it is no unknown key.
        for key in keys where key != "zeromq" && key != "http" {
            let lines = text.replacing("\(key):", with: "\(key)_x:")
            let error = #expect(throws: SettingsFailure.self) { try self.read(lines) }
            #expect(error?.description.contains("unknown key '\(key)_x'") ?? false)
        }
    }

    @Test func `Every key is taken`() throws {
        let settings = try read(
            """
            models: /srv/models
            onnxruntime: /opt/ort/libonnxruntime.so
            xrt: /opt/other/xrt
            log_level: debug
            drain_seconds: 7
            zeromq:
              endpoints: ["tcp://*:1", "ipc:///run/vigil"]
              io_threads: 2
              high_water_mark: 3
              maximum_frame_mebibytes: 4
              maximum_in_flight: 5
              client_backlog_mebibytes: 6
              total_backlog_mebibytes: 8
              maximum_wait_milliseconds: 9
              linger_milliseconds: 10
              busy_poll_microseconds: 12
            http: {host: "::1", port: 11}
            """
        )
        var wanted = DaemonSettings()
        wanted.models = "/srv/models"
        wanted.onnxRuntime = "/opt/ort/libonnxruntime.so"
        wanted.xrt = "/opt/other/xrt"
        wanted.logLevel = .debug
        wanted.drainSeconds = 7
        wanted.endpoints = ["tcp://*:1", "ipc:///run/vigil"]
        wanted.ioThreads = 2
        wanted.highWaterMark = 3
        wanted.maximumFrameMebibytes = 4
        wanted.maximumInFlight = 5
        wanted.clientBacklogMebibytes = 6
        wanted.totalBacklogMebibytes = 8
        wanted.maximumWaitMilliseconds = 9
        wanted.lingerMilliseconds = 10
        wanted.busyPollMicroseconds = 12
        wanted.httpHost = "::1"
        wanted.httpPort = 11
        #expect(settings == wanted)
    }

    @Test(
        "Whether HTTP is served",
        arguments: [
            ("{}", 8080), ("{enabled: true}", 8080), ("{port: 0}", 0), ("{enabled: false}", nil),
            ("{enabled: false, port: 9}", nil), ("{enabled: true, port: 9}", 9),
        ] as [(String, Int?)]
    )
    func http(text: String, port: Int?) throws {
        #expect(try read("log_level: info\nhttp: \(text)\n").httpPort == port)
    }

    @Test(
        "Paths are relative to the file's folder, a library's name is not a path",
        arguments: [
            ("models: a/b", "{}/a/b", "libonnxruntime.so.1"),
            ("models: ../x", "{}/../x", "libonnxruntime.so.1"),
            ("models: /abs", "/abs", "libonnxruntime.so.1"),
            ("onnxruntime: lib/ort.so", "{}/models", "{}/lib/ort.so"),
            ("onnxruntime: ./ort.so", "{}/models", "{}/./ort.so"),
            ("onnxruntime: /opt/ort.so", "{}/models", "/opt/ort.so"),
            ("onnxruntime: ort.so", "{}/models", "ort.so"),
        ]
    )
    func paths(text: String, models: String, library: String) throws {
        let folder = try TemporaryFolder()
        let settings = try DaemonSettings(path: folder.write("vigild.yaml", text + "\n"))
        #expect(settings.models == models.replacing("{}", with: folder.path))
        #expect(settings.onnxRuntime == library.replacing("{}", with: folder.path))
    }

    @Test func `A file that is not there is named`() {
        let error = #expect(throws: SettingsFailure.self) {
            try DaemonSettings(path: "/no/such/vigild.yaml")
        }
        #expect(error?.description == "/no/such/vigild.yaml: No such file or directory")
    }

    private func read(_ text: String) throws -> DaemonSettings {
        let folder = try TemporaryFolder()
        return try DaemonSettings(path: folder.write("vigild.yaml", text))
    }
}
