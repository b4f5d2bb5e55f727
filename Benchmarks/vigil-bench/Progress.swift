import Glibc
import Synchronization

/// Which measure runs, on a terminal only: a line that the next one replaces.
enum Progress {
    private static let group = Mutex("")
    private static let isShown = isatty(STDERR_FILENO) == 1

    /// Names what the next lines belong to.
    static func begin(_ name: String) {
        group.withLock { $0 = name }
        show("starting")
    }

    /// Replaces the line.
    static func show(_ text: String) {
        guard isShown else { return }
        write("\r\u{1B}[K" + String("\(group.withLock { $0 }): \(text)".prefix(78)))
    }

    /// Removes the line, so that something can be printed.
    static func clear() {
        if isShown { write("\r\u{1B}[K") }
    }

    /// A line that stays.
    static func note(_ text: String) {
        clear()
        write(text + "\n")
    }

    private static func write(_ text: String) {
        // A terminal that is gone is no reason to stop.
        _ = unsafe Glibc.write(STDERR_FILENO, text, text.utf8.count)
    }
}
