internal import CLinux

/// The clock that deadlines and timings are counted on.
public enum MonotonicClock {
    /// Nanoseconds since some fixed moment; never goes back.
    @inline(__always)
    public static func now() -> UInt64 { clinux_monotonic() }

    /// Nanoseconds that the calling thread has run.
    public static func threadTime() -> UInt64 { clinux_thread_time() }
}
