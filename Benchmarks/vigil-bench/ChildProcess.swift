import CBench
import Glibc

/// A process that ends with this one; its first lines are read, its errors go to a file.
@safe
final class ChildProcess {
    /// Process id.
    let id: pid_t
    private let arguments: [String]
    private let errorPath: String
    private let input: UnsafeMutablePointer<FILE>
    private let output: UnsafeMutablePointer<FILE>
    private var hasEnded = false

    /// Starts `arguments`; standard error goes to `errorPath`.
    init(_ arguments: [String], errorPath: String) throws(BenchFailure) {
        // What an earlier run wrote must not be taken for this one's.
        unsafe unlink(errorPath)
        var pipes: (input: Int32, output: Int32) = (-1, -1)
        var list = unsafe arguments.map { unsafe UnsafePointer<CChar>(strdup($0)) }
        defer {
            for index in unsafe list.indices {
                unsafe free(UnsafeMutablePointer(mutating: list[index]))
            }
        }
        unsafe list.append(nil)
        let code = unsafe cbench_spawn(list, errorPath, &pipes.input, &pipes.output)
        guard code > 0, let input = unsafe fdopen(pipes.input, "w"),
            let output = unsafe fdopen(pipes.output, "r")
        else { throw BenchFailure("\(arguments[0]) cannot be started: error \(-code)") }
        id = code
        self.arguments = arguments
        self.errorPath = errorPath
        unsafe self.input = unsafe input
        unsafe self.output = unsafe output
    }

    deinit {
        end()
        unsafe fclose(input)
        unsafe fclose(output)
    }

    /// The next line of its output, without the line end; nil when it has closed it.
    func readLine() -> String? {
        var line: UnsafeMutablePointer<CChar>?
        var capacity = 0
        defer { unsafe free(line) }
        let count = unsafe getline(&line, &capacity, output)
        guard count > 0, let line = unsafe line else { return nil }
        return unsafe String(cString: line).trimmingNewline
    }

    /// Sends it a line.
    func write(_ line: String) {
        unsafe fputs(line + "\n", input)
        unsafe fflush(input)
    }

    /// What it wrote to standard error, for messages.
    var errors: String {
        TextFile.read(errorPath).map { String($0.suffix(2000)) } ?? "nothing"
    }

    /// Whether it runs; reaps it when it does not.
    var isRunning: Bool {
        guard !hasEnded else { return false }
        var status: Int32 = 0
        if unsafe waitpid(id, &status, WNOHANG) == id { hasEnded = true }
        return !hasEnded
    }

    /// Asks it to reload: SIGHUP.
    func hangUp() { kill(id, SIGHUP) }

    /// Ends it and waits for that.
    func end() {
        guard !hasEnded else { return }
        kill(id, SIGTERM)
        var status: Int32 = 0
        while unsafe waitpid(id, &status, 0) < 0, errno == EINTR {}
        hasEnded = true
    }

    /// CPU time of the process so far, seconds.
    var cpuSeconds: Double {
        guard let text = TextFile.read("/proc/\(id)/stat"), let close = text.lastIndex(of: ")")
        else { return .nan }
        let fields = text[text.index(after: close)...].split(separator: " ")
        guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12])
        else { return .nan }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// Resident memory, bytes.
    var residentBytes: Int { ProcessStatus.residentBytes("\(id)") }
}

extension String {
    fileprivate var trimmingNewline: String { hasSuffix("\n") ? String(dropLast()) : self }
}
