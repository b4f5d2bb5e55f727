internal import Glibc

/// The processor that costs are measured on.
enum Processor {
    /// What tells processors apart: kind, stepping, what they can do, how many the process may use.
    static let text: String = {
        let wanted = ["vendor_id", "cpu family", "model", "model name", "stepping", "flags"]
        // The first of its processors: the others are alike.
        let first = ProcFile.lines("/proc/cpuinfo").prefix { !$0.isEmpty }
        let found = first.compactMap { line -> String? in
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else { return nil }
            let name = parts[0].filter { $0 != "\t" }
            guard wanted.contains(name) else { return nil }
            return parts[1].drop { $0 == " " }.description
        }
        return "\(sysconf(Int32(_SC_NPROCESSORS_ONLN))) x \(found.joined(separator: ", "))"
    }()
}
