import Glibc

/// A screen of the terminal that is drawn over and over, and given back as it was.
struct TerminalScreen {
    /// Where the size cannot be told.
    private static let usualSize = (columns: 80, rows: 24)

    /// The alternate screen, without a cursor.
    init() {
        Self.write("\u{1B}[?1049h\u{1B}[?25l")
        for number in [SIGINT, SIGTERM, SIGHUP] { signal(number, giveBackScreen) }
    }

    /// Gives the terminal back.
    func close() { Self.write(Self.restoring) }

    /// Columns and rows, as they are now.
    var size: (columns: Int, rows: Int) {
        var size = winsize()
        guard unsafe ioctl(1, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
            return Self.usualSize
        }
        return (Int(size.ws_col), Int(size.ws_row))
    }

    /// Draws the lines that there is room for; each must fit the columns.
    func show(_ lines: [String]) {
        let rows = size.rows
        var shown = lines
        if lines.count > rows {
            shown = Array(lines.prefix(rows - 1))
            shown.append("… \(lines.count - rows + 1) more lines")
        }
        // Each line clears what was there before: no flicker, as a cleared screen would.
        let text = shown.map { "\($0)\u{1B}[K" }.joined(separator: "\r\n")
        Self.write("\u{1B}[H\(text)\u{1B}[J")
    }

    static let restoring = "\u{1B}[?25h\u{1B}[?1049l"

    private static func write(_ text: String) {
        var text = text
        text.withUTF8 { _ = unsafe Glibc.write(1, $0.baseAddress, $0.count) }
    }
}

/// Ends the command by the signal, with the terminal as it was.
@c
private func giveBackScreen(_ number: Int32) {
    // The same as `restoring`: a handler may not make strings.
    let bytes: InlineArray<14, UInt8> = [
        0x1B, 0x5B, 0x3F, 0x32, 0x35, 0x68, 0x1B, 0x5B, 0x3F, 0x31, 0x30, 0x34, 0x39, 0x6C,
    ]
    unsafe withUnsafeBytes(of: bytes) { _ = unsafe write(1, $0.baseAddress, $0.count) }
    signal(number, SIG_DFL)
    raise(number)
}
