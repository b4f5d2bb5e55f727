internal import Glibc
public import Logging

/// Writes one line an event to standard error: with a priority prefix as sd-daemon(3) describes
/// it where the journal reads, otherwise with time and level.
///
/// Control characters are escaped: no message can forge a line.
public struct LineLogHandler: LogHandler {
    /// Added to every event.
    public var metadata: Logger.Metadata = [:]
    /// Events below are dropped.
    public var logLevel = Logger.Level.info

    private let forJournal: Bool
    private let write: @Sendable (String) -> Void

    /// A handler for the process's standard error.
    public init(_ environment: ServiceEnvironment) {
        self.init(forJournal: Self.isJournal(environment["JOURNAL_STREAM"])) { line in
            // One write, so that lines of several threads do not mix. A log that cannot be
            // written has nowhere to be reported.
            _ = unsafe Glibc.write(STDERR_FILENO, line, line.utf8.count)
        }
    }

    init(forJournal: Bool, write: @escaping @Sendable (String) -> Void) {
        self.forJournal = forJournal
        self.write = write
    }

    /// Metadata by key.
    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Writes an event.
    public func log(event: LogEvent) {
        var line = forJournal ? "<\(event.level.priority)>" : "\(Self.now()) \(event.level) "
        Self.append(event.message.description, to: &line)
        let all = metadata.merging(event.metadata ?? [:]) { $1 }
        for (key, value) in all.sorted(by: { $0.key < $1.key }) {
            line += " \(key)="
            let text = value.description
            let isPlain = !text.isEmpty && !text.unicodeScalars.contains { $0 == " " || $0 == "\"" }
            let quote = isPlain ? "" : "\""
            line += quote
            Self.append(text, to: &line)
            line += quote
        }
        write(line + "\n")
    }

    private static func append(_ text: String, to line: inout String) {
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n": line += "\\n"
            case "\"": line += "\\\""
            case _ where scalar.value < 32 || scalar.value == 127:
                line += "\\u{\(String(scalar.value, radix: 16))}"
            default: line.unicodeScalars.append(scalar)
            }
        }
    }

    /// `$JOURNAL_STREAM` is device and inode of the stream that the journal reads; it counts only
    /// while standard error still is that stream.
    private static func isJournal(_ stream: String?) -> Bool {
        guard let stream else { return false }
        var status = stat()
        guard unsafe fstat(STDERR_FILENO, &status) == 0 else { return false }
        return stream == "\(status.st_dev):\(status.st_ino)"
    }

    private static func now() -> String {
        var seconds = time(nil)
        var parts = unsafe tm()
        unsafe gmtime_r(&seconds, &parts)
        func two(_ value: Int32) -> String { value < 10 ? "0\(value)" : "\(value)" }
        return
            unsafe "\(1900 + parts.tm_year)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))T\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec))Z"
    }
}

extension Logger.Level {
    /// The level as syslog(3) counts it.
    fileprivate var priority: Int {
        switch self {
        case .trace, .debug: 7
        case .info: 6
        case .notice: 5
        case .warning: 4
        case .error: 3
        case .critical: 2
        }
    }
}
