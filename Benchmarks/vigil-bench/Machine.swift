import CBench
import Glibc
import OnnxEngine

/// What the figures come from.
struct Machine: Encodable {
    let processor: String
    let cores: Int
    let memory: String
    let kernel: String
    let libzmq: String
    let onnxRuntime: String
    /// glibc's tunables, which all that is measured shares; empty for none.
    let tunables: String
    let date: String

    enum CodingKeys: String, CodingKey {
        case processor, cores, memory, kernel, libzmq
        case onnxRuntime = "onnxruntime"
        case tunables, date
    }

    /// This machine, with the library of `setting`.
    init(_ setting: Setting) {
        processor = Self.field("model name", of: "/proc/cpuinfo") ?? "unknown"
        cores = sysconf(Int32(_SC_NPROCESSORS_ONLN))
        let kibibytes = Self.field("MemTotal", of: "/proc/meminfo")?.split(separator: " ").first
        memory = kibibytes.flatMap { Int($0) }.map { "\($0 >> 20) GiB" } ?? "unknown"
        kernel =
            (TextFile.read("/proc/sys/kernel/osrelease") ?? "unknown")
            .split(separator: "\n").first.map(String.init) ?? "unknown"
        libzmq = unsafe String(cString: cbench_libzmq_version())
        onnxRuntime =
            (try? OnnxRuntimeLibrary(path: setting.onnxRuntime).version)
            // Without it vigild does not start either, and that says why.
            ?? "unknown"
        tunables = unsafe getenv("GLIBC_TUNABLES").map { unsafe String(cString: $0) } ?? ""
        var now = time(nil)
        var parts = unsafe tm()
        unsafe gmtime_r(&now, &parts)
        let digits = { (value: Int32) in value < 10 ? "0\(value)" : "\(value)" }
        date = unsafe "\(parts.tm_year + 1900)-\(digits(parts.tm_mon + 1))-\(digits(parts.tm_mday))"
    }

    /// Whether the processor has instructions of this name.
    static func hasInstructions(_ name: String) -> Bool {
        (field("flags", of: "/proc/cpuinfo") ?? "").split(separator: " ").contains { $0 == name }
    }

    /// One line.
    var line: String {
        "\(processor), \(cores) cores, \(memory), Linux \(kernel), libzmq \(libzmq), "
            + "ONNX Runtime \(onnxRuntime), \(tunables.isEmpty ? "" : "\(tunables) for all, ")\(date)"
    }

    private static func field(_ name: String, of path: String) -> String? {
        let line = (TextFile.read(path) ?? "").split(separator: "\n").first {
            $0.hasPrefix(name)
        }
        return line?.split(separator: ":", maxSplits: 1).last.map {
            String($0.drop(while: \.isWhitespace))
        }
    }
}
