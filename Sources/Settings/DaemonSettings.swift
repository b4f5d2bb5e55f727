internal import Glibc
internal import StrictYAML
internal import struct StrictYAML.YAMLError

/// Everything that `vigild.yaml` says, read once, checked, with defaults filled in.
public struct DaemonSettings: Sendable, Equatable {
    /// Which events are logged.
    public enum LogLevel: String, Sendable, CaseIterable {
        case debug
        case info
        case notice
        case warning
        case error
    }

    /// Folder of models, as written or relative to the file.
    public var models = "models"
    /// Folder for what was measured about models, or nil: the service manager's, or none.
    public var cache: String?
    /// Folder for what calibrations learn, or nil: the service manager's, or none.
    public var state: String?
    /// ONNX Runtime's library.
    public var onnxRuntime = "libonnxruntime.so.1"
    /// Folder of XRT, whose `lib` holds its libraries.
    public var xrt = "/opt/xilinx/xrt"
    /// Events below this level are not logged.
    public var logLevel = LogLevel.info
    /// Longest time that accepted work has to finish after SIGTERM.
    public var drainSeconds = 30

    // ZeroMQ
    /// Where clients connect.
    public var endpoints = ["tcp://127.0.0.1:5555"]
    /// Threads of libzmq that move bytes.
    public var ioThreads = 1
    /// Messages that libzmq holds for a peer, each way.
    public var highWaterMark = 2000
    /// Largest frame, MiB.
    public var maximumFrameMebibytes = 256
    /// Requests held at once over all models.
    public var maximumInFlight = 4096
    /// MiB of replies kept for a client that does not read.
    public var clientBacklogMebibytes = 64
    /// MiB of replies kept for all clients that do not read.
    public var totalBacklogMebibytes = 512
    /// Longest wait of a request.
    public var maximumWaitMilliseconds = 60_000
    /// How long closing waits for replies to leave.
    public var lingerMilliseconds = 2000
    /// How long the lane looks for messages again and again before it sleeps.
    public var busyPollMicroseconds = 0

    // HTTP
    /// Address that HTTP listens on.
    public var httpHost = "127.0.0.1"
    /// nil: no HTTP at all.
    public var httpPort: Int? = 8080

    /// The defaults.
    public init() {}

    /// Reads a file.
    ///
    /// A path in it is relative to the file's folder.
    public init(path: String) throws(SettingsFailure) {
        self.init()
        guard let bytes = Self.read(path) else {
            throw SettingsFailure(
                unsafe "\(path): \(strerror(errno).map { unsafe String(cString: $0) } ?? "cannot be read")"
            )
        }
        do throws(YAMLError) {
            try apply(bytes, file: path)
        } catch {
            throw SettingsFailure("\(error)")
        }
        let folder = path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        let base = folder.isEmpty ? "." : folder.joined(separator: "/")
        if !models.hasPrefix("/") { models = "\(base)/\(models)" }
        if let given = cache, !given.hasPrefix("/") { cache = "\(base)/\(given)" }
        if let given = state, !given.hasPrefix("/") { state = "\(base)/\(given)" }
        if !xrt.hasPrefix("/") { xrt = "\(base)/\(xrt)" }
        if onnxRuntime.contains("/"), !onnxRuntime.hasPrefix("/") {
            onnxRuntime = "\(base)/\(onnxRuntime)"
        }
    }

    private mutating func apply(_ bytes: [UInt8], file: String) throws(YAMLError) {
        var top = try YAMLDocument.mapping(bytes, file: file)
        models = try top.take("models")?.string(maximumBytes: 4096) ?? models
        cache = try top.take("cache")?.string(maximumBytes: 4096) ?? cache
        state = try top.take("state")?.string(maximumBytes: 4096) ?? state
        onnxRuntime = try top.take("onnxruntime")?.string(maximumBytes: 4096) ?? onnxRuntime
        xrt = try top.take("xrt")?.string(maximumBytes: 4096) ?? xrt
        logLevel = try top.take("log_level")?.choice(LogLevel.self) ?? logLevel
        drainSeconds = try top.take("drain_seconds")?.int(in: 1...600) ?? drainSeconds
        if var zeromq = try top.take("zeromq")?.mapping() {
            try applyZeroMQ(&zeromq)
        }
        if var http = try top.take("http")?.mapping() {
            httpHost = try http.take("host")?.string(maximumBytes: 255) ?? httpHost
            if let value = http.take("port") { httpPort = try value.int(in: 0...65_535) }
            if try http.take("enabled")?.bool() == false { httpPort = nil }
            try http.finish()
        }
        try top.finish()
    }

    private mutating func applyZeroMQ(_ zeromq: inout YAMLMapping) throws(YAMLError) {
        if let list = zeromq.take("endpoints") {
            endpoints = []
            for entry in try list.list(count: 1...16) {
                let text = try entry.string(maximumBytes: 1024)
                guard Self.isEndpoint(text) else {
                    throw entry.error(
                        "found '\(text)', allowed are tcp://HOST:PORT with a port of 0 to 65535 or *, and ipc:///PATH"
                    )
                }
                endpoints.append(text)
            }
        }
        ioThreads = try zeromq.take("io_threads")?.int(in: 1...16) ?? ioThreads
        highWaterMark = try zeromq.take("high_water_mark")?.int(in: 1...1_000_000) ?? highWaterMark
        maximumFrameMebibytes =
            try zeromq.take("maximum_frame_mebibytes")?.int(in: 1...2047) ?? maximumFrameMebibytes
        maximumInFlight =
            try zeromq.take("maximum_in_flight")?.int(in: 1...65_536) ?? maximumInFlight
        clientBacklogMebibytes =
            try zeromq.take("client_backlog_mebibytes")?.int(in: 1...65_536)
            ?? clientBacklogMebibytes
        totalBacklogMebibytes =
            try zeromq.take("total_backlog_mebibytes")?.int(in: 1...1_048_576)
            ?? totalBacklogMebibytes
        maximumWaitMilliseconds =
            try zeromq.take("maximum_wait_milliseconds")?.int(in: 1...3_600_000)
            ?? maximumWaitMilliseconds
        lingerMilliseconds =
            try zeromq.take("linger_milliseconds")?.int(in: 0...60_000) ?? lingerMilliseconds
        busyPollMicroseconds =
            try zeromq.take("busy_poll_microseconds")?.int(in: 0...1_000_000)
            ?? busyPollMicroseconds
        try zeromq.finish()
    }

    private static func isEndpoint(_ text: String) -> Bool {
        if text.hasPrefix("ipc:///") { return text.utf8.count > "ipc:///".utf8.count }
        guard text.hasPrefix("tcp://"), let colon = text.lastIndex(of: ":") else { return false }
        let host = text[..<colon].dropFirst("tcp://".count)
        let port = text[text.index(after: colon)...]
        return !host.isEmpty && (port == "*" || UInt16(port) != nil)
    }

    /// At most one byte more than is allowed; nil, and errno, when it cannot be read.
    private static func read(_ path: String) -> [UInt8]? {
        guard let file = unsafe fopen(path, "rbe") else { return nil }
        defer { unsafe fclose(file) }
        var bytes = [UInt8](repeating: 0, count: YAMLDocument.maximumBytes + 1)
        let count = unsafe fread(&bytes, 1, bytes.count, file)
        guard unsafe ferror(file) == 0 else { return nil }
        return Array(bytes[0..<count])
    }
}

/// The settings cannot be used; one line says why.
public struct SettingsFailure: Error, Sendable, CustomStringConvertible {
    /// One line for people.
    public let description: String

    /// A reason.
    public init(_ description: String) {
        self.description = description
    }
}
