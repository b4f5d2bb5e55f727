import CReplay

/// What callgrind is asked for.
enum Callgrind {
    /// Whether valgrind runs the program.
    static var isThere: Bool { creplay_is_under_valgrind() }

    /// Looks at a clock find it stepping by a fixed time from now on.
    static func stepClock() { creplay_step_clock() }

    /// Instruments what runs from now on.
    static func beginKind() { creplay_start_instrumentation() }

    /// Writes what was collected under the kind's name; what follows runs faster.
    static func endKind(_ name: String) {
        unsafe creplay_dump(name)
        creplay_stop_instrumentation()
    }

    /// Begins or ends collecting on this thread.
    @inline(__always)
    static func toggle() { creplay_toggle_collect() }
}
