internal import Glibc

/// The metrics that every process shows, under the names that Prometheus gives them.
public enum ProcessMetrics {
    /// Registers them; each is read when the metrics are.
    public static func register(in registry: MetricRegistry) {
        registry.reading("process_resident_memory_bytes", help: "Memory that is resident.") {
            Double(residentPages()) * Double(sysconf(Int32(_SC_PAGESIZE)))
        }
        registry.countReading("process_cpu_seconds_total", help: "User and system time so far.") {
            cpuSeconds()
        }
        registry.reading("process_open_fds", help: "Open file descriptors.") {
            Double(openDescriptors())
        }
        registry.reading("process_start_time_seconds", help: "Start, since 1970.") { [start] in
            start
        }
    }

    private static let start = Double(time(nil))

    /// The second number of /proc/self/statm; 0 where it cannot be read.
    private static func residentPages() -> Int {
        guard let file = unsafe fopen("/proc/self/statm", "re") else { return 0 }
        defer { unsafe fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 128)
        let count = unsafe fread(&bytes, 1, bytes.count, file)
        let fields = String(decoding: bytes[0..<count], as: UTF8.self).split(separator: " ")
        return fields.count > 1 ? Int(fields[1]) ?? 0 : 0
    }

    private static func cpuSeconds() -> Double {
        var usage = rusage()
        guard unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 else { return 0 }
        func seconds(_ value: timeval) -> Double {
            Double(value.tv_sec) + Double(value.tv_usec) * 1e-6
        }
        return seconds(usage.ru_utime) + seconds(usage.ru_stime)
    }

    private static func openDescriptors() -> Int {
        guard let folder = unsafe opendir("/proc/self/fd") else { return 0 }
        defer { unsafe closedir(folder) }
        var count = 0
        while unsafe readdir(folder) != nil { count += 1 }
        // Not counted: ".", ".." and the one that reads.
        return max(0, count - 3)
    }
}
