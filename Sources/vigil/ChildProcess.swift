import FoundationEssentials
import Glibc

/// A program that a command starts and ends; nothing comes from it but its standard error.
@safe
final class ChildProcess {
    /// What a daemon of one's own must not take for its own, by the beginnings of names.
    private static let foreign = [
        "LISTEN_", "NOTIFY_", "WATCHDOG_", "CACHE_DIRECTORY", "STATE_DIRECTORY",
        "CREDENTIALS_DIRECTORY", "JOURNAL_STREAM",
    ]

    private let process: pid_t
    private let errors: UnsafeMutablePointer<FILE>

    /// Starts the program `words[0]`, a path or a name to be looked for, with the others.
    init(_ words: [String]) throws {
        var ends: [Int32] = [-1, -1]
        guard unsafe pipe(&ends) == 0 else { throw Complaint.system("pipe") }
        // The child has its own copy of the end that it writes; no other child may have one.
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        guard let errors = unsafe fdopen(ends[0], "r") else { throw Complaint.system("fdopen") }
        unsafe self.errors = unsafe errors
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        unsafe posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
        unsafe posix_spawn_file_actions_adddup2(&actions, ends[1], 2)
        let variables = ProcessInfo.processInfo.environment.filter { name, _ in
            !Self.foreign.contains { name.hasPrefix($0) }
        }
        let arguments = unsafe Self.list(words)
        let environment = unsafe Self.list(variables.map { "\($0)=\($1)" })
        defer {
            unsafe posix_spawn_file_actions_destroy(&actions)
            for index in unsafe arguments.indices { unsafe free(arguments[index]) }
            for index in unsafe environment.indices { unsafe free(environment[index]) }
            close(ends[1])
        }
        process = try Leavings.shared.start {
            var process = pid_t()
            let code = unsafe posix_spawnp(
                &process,
                words[0],
                &actions,
                nil,
                arguments,
                environment
            )
            guard code == 0 else { throw Complaint.system(words[0], code: code) }
            return process
        }
    }

    deinit { unsafe fclose(errors) }

    /// The next line of its standard error, or nil once it has ended.
    ///
    /// Blocks.
    func nextLine() -> String? {
        var line: UnsafeMutablePointer<CChar>?
        var capacity = 0
        defer { unsafe free(line) }
        guard unsafe getline(&line, &capacity, errors) > 0, let line = unsafe line else {
            return nil
        }
        return unsafe String(cString: line).split(separator: "\n").first.map(String.init) ?? ""
    }

    /// Waits for its end; true if it says that all went well.
    ///
    /// Blocks. Call once, or `end`.
    func wait() -> Bool { Leavings.shared.wait(process: process) == 0 }

    /// Ends it.
    func end() {
        kill(process, SIGTERM)
        _ = wait()
    }

    private static func list(_ texts: [String]) -> [UnsafeMutablePointer<CChar>?] {
        unsafe texts.map { unsafe strdup($0) } + [nil]
    }
}
