internal import CLinux

/// Unix sockets by path.
public enum LocalSocket {
    /// Whether somebody accepts connections at `path`.
    public static func isListening(_ path: String) -> Bool {
        unsafe clinux_is_listening(path) != 0
    }
}
