import FoundationEssentials
import Glibc
import Lanes
import Synchronization

/// What a command must not leave behind: folders that it made, and processes that it started.
///
/// SIGINT and SIGTERM end the processes and remove the folders before they end the command; whoever
/// asks for something here meanwhile waits until then.
final class Leavings: Sendable {
    private struct Kept {
        var folders: [String] = []
        var processes: [pid_t] = []
    }

    /// Those of this process.
    static let shared = Leavings()

    private static let signals = [SIGINT, SIGTERM]
    /// A file that another thread writes meanwhile stops a removal.
    private static let mostRemovals = 100
    private let kept = Mutex(Kept())

    private init() {}

    /// Watches for signals from now on; a signal that is ignored, as under nohup, stays ignored.
    func watch() throws {
        var ends: [Int32] = [-1, -1]
        guard unsafe pipe(&ends) == 0 else { throw Complaint.system("pipe") }
        let reader = ends[0]
        endingSignals.store(Int(ends[1]), ordering: .sequentiallyConsistent)
        do throws(LaneFailure) {
            try LaneThread.runDetached(name: "signals") {
                var number: UInt8 = 0
                while unsafe read(reader, &number, 1) != 1 {}
                self.clear(endingBy: Int32(number))
            }
        } catch {
            throw Complaint("\(error)")
        }
        for number in Self.signals {
            var found = sigaction()
            guard unsafe sigaction(number, nil, &found) == 0,
                unsafe found.__sigaction_handler.sa_handler == nil
            else { continue }
            signal(number, tellOfSignal)
        }
    }

    /// A new folder that is removed when the command ends by a signal, or by `remove`.
    func makeFolder() throws -> String {
        let parent = unsafe getenv("TMPDIR").map { unsafe String(cString: $0) } ?? "/tmp"
        var template = Array("\(parent)/vigil-XXXXXX".utf8CString)
        return try kept.withLock { kept in
            guard unsafe mkdtemp(&template) != nil else { throw Complaint.system(parent) }
            let bytes = template.dropLast().map(UInt8.init(bitPattern:))
            let path = String(decoding: bytes, as: UTF8.self)
            kept.folders.append(path)
            return path
        }
    }

    /// Has the folder at `path` removed too.
    func keep(folder path: String) { kept.withLock { $0.folders.append(path) } }

    /// Removes a folder, or forgets one that was renamed.
    func remove(folder path: String) {
        kept.withLock { kept in
            Self.remove(path)
            kept.folders.removeAll { $0 == path }
        }
    }

    /// Has the process ended too that `body` starts.
    func start(_ body: () throws -> pid_t) rethrows -> pid_t {
        try kept.withLock { kept in
            let process = try body()
            kept.processes.append(process)
            return process
        }
    }

    /// Waits for a process to end, and gives its status.
    func wait(process: pid_t) -> Int32 {
        var info = unsafe siginfo_t()
        // Its number is not given away before it is forgotten here.
        while unsafe waitid(P_PID, id_t(process), &info, WEXITED | WNOWAIT) != 0, errno == EINTR {}
        return kept.withLock { kept in
            kept.processes.removeAll { $0 == process }
            var status: Int32 = 0
            unsafe waitpid(process, &status, 0)
            return status
        }
    }

    /// Never returns, nor gives the lock back.
    private func clear(endingBy number: Int32) {
        kept.withLock { kept in
            for process in kept.processes { kill(process, SIGKILL) }
            for process in kept.processes { waitpid(process, nil, 0) }
            for folder in kept.folders { Self.remove(folder) }
            signal(number, SIG_DFL)
            kill(getpid(), number)
            while true { pause() }
        }
    }

    /// What cannot be removed is in nobody's way, and what is not there need not be.
    private static func remove(_ path: String) {
        for _ in 0..<mostRemovals where FileManager.default.fileExists(atPath: path) {
            try? FileManager.default.removeItem(atPath: path)
        }
    }
}

/// Where the handler writes a signal's number.
private let endingSignals = Atomic<Int>(-1)

/// Calls only what may be called in a signal handler.
@c
private func tellOfSignal(_ number: Int32) {
    var byte = UInt8(truncatingIfNeeded: number)
    _ = unsafe write(Int32(endingSignals.load(ordering: .sequentiallyConsistent)), &byte, 1)
}

extension Complaint {
    /// What the system says went wrong with `what`.
    static func system(_ what: String, code: Int32 = errno) -> Complaint {
        let text = unsafe strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)"
        return Complaint("\(what): \(text)")
    }
}
