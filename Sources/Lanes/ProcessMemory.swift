internal import CLinux

/// The process's own memory.
public enum ProcessMemory {
    /// Keeps freed memory instead of giving it back page by page: large replies and requests would
    /// otherwise cost a page fault a page.
    ///
    /// Call once, at start.
    public static func keepFreed() { clinux_keep_freed_memory() }

    /// Gives back to the system what is free now: once a model is gone, much is.
    ///
    /// Takes milliseconds, in which other threads may wait for memory: never call it from a lane.
    public static func giveBackFreed() { clinux_give_back_freed_memory() }
}
