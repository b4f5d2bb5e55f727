/// What the kernel says of a process's memory.
enum ProcessStatus {
    /// Resident memory, bytes: its own and that of files it maps, not what it shares on purpose.
    static func residentBytes(_ id: String) -> Int {
        guard let text = TextFile.read("/proc/\(id)/status") else { return 0 }
        return text.split(separator: "\n").filter {
            $0.hasPrefix("RssAnon:") || $0.hasPrefix("RssFile:")
        }.reduce(0) { sum, line in
            let number = line.split(whereSeparator: \.isWhitespace).dropFirst().first
            return sum + (number.flatMap { Int($0) } ?? 0) * 1024
        }
    }
}
