internal import Glibc

/// The processor that costs are measured on.
enum Processor {
    /// What tells processors apart: kind, stepping, what they can do, how many the process may use.
    static let text: String = {
        let wanted = ["vendor_id", "cpu family", "model", "model name", "stepping", "flags"]
        let found = lines().prefix { !$0.isEmpty }.compactMap { line -> String? in
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else { return nil }
            let name = parts[0].filter { $0 != "\t" }
            guard wanted.contains(name) else { return nil }
            return parts[1].drop { $0 == " " }.description
        }
        return "\(sysconf(Int32(_SC_NPROCESSORS_ONLN))) x \(found.joined(separator: ", "))"
    }()

    /// /proc/cpuinfo, as much of it as describes one processor; nothing where there is none.
    private static func lines() -> [Substring] {
        guard let file = unsafe fopen("/proc/cpuinfo", "re") else { return [] }
        defer { unsafe fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 16 << 10)
        let count = unsafe fread(&bytes, 1, bytes.count, file)
        return String(decoding: bytes[0..<count], as: UTF8.self)
            .split(separator: "\n", omittingEmptySubsequences: false)
    }
}
