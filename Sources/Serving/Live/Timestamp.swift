internal import Glibc

/// Dates as calibrations quote them.
enum Timestamp {
    /// Now, ISO 8601 in UTC, to the second.
    static func now() -> String {
        var seconds = time(nil)
        var parts = unsafe tm()
        unsafe gmtime_r(&seconds, &parts)
        let fields = unsafe [
            parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min,
            parts.tm_sec,
        ]
        let texts = fields.map { $0 < 10 ? "0\($0)" : "\($0)" }
        return "\(texts[0..<3].joined(separator: "-"))T\(texts[3...].joined(separator: ":"))Z"
    }
}
