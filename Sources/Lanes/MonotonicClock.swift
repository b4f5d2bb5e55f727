internal import CLinux

/// The clock that deadlines and timings are counted on.
public enum MonotonicClock {
    /// Nanoseconds since some fixed moment; never goes back.
    @inline(__always)
    public static func now() -> UInt64 { clinux_monotonic() }

    /// Nanoseconds that the calling thread has run.
    public static func threadTime() -> UInt64 { clinux_thread_time() }
}

/// The process's own memory.
public enum ProcessMemory {
    /// Keeps freed memory instead of giving it back page by page: large replies and requests would
    /// otherwise cost a page fault a page.
    ///
    /// Call once, at start.
    public static func keepFreed() { clinux_keep_freed_memory() }
}
