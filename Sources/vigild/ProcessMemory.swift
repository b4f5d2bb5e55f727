internal import CAllocator

/// The process's own memory.
enum ProcessMemory {
    /// Gives back to the system what is free now: once a model is gone, much is.
    ///
    /// Takes milliseconds, in which other threads may wait for memory: never call it from a lane.
    static func giveBackFreed() {
        // It can only fail for a name that this version of jemalloc does not know.
        let code = callocator_give_back()
        precondition(code == 0, "jemalloc gives nothing back: error \(code)")
    }
}
