import CReplay

/// The preloaded allocation counter, where there is one.
///
/// What the thread that holds it does counts as the client's, but for what is done `asDaemon`;
/// other threads are the daemon's.
struct AllocationCounter {
    /// What one module allocated a request.
    struct Share {
        let module: String
        let count: Double
        let bytes: Double
    }

    /// Modules, in the counter's order.
    private static let modules = ["vigil", "libzmq", "onnxruntime", "libstdc++", "other"]
    private static let daemon: Int32 = 0
    private static let client: Int32 = 1

    /// Whether it is preloaded.
    let isThere: Bool

    init() {
        isThere = creplay_counter_open()
        creplay_counter_phase(Self.client)
    }

    /// Sets every count to 0.
    func reset() { creplay_counter_reset() }

    /// Shows the callers of the next allocations of the daemon's own code.
    func trace(_ count: Int) { creplay_counter_trace(Int32(count)) }

    /// Does something as the daemon.
    @inline(__always)
    func asDaemon(_ work: () -> Void) {
        creplay_counter_phase(Self.daemon)
        work()
        creplay_counter_phase(Self.client)
    }

    /// What the daemon allocated since the reset, for each of `requests`.
    func read(requests: Int) -> [Share] {
        Self.modules.enumerated().map { index, name in
            var count: UInt64 = 0
            var bytes: UInt64 = 0
            unsafe creplay_counter_read(Self.daemon, Int32(index), &count, &bytes)
            return Share(
                module: name,
                count: Double(count) / Double(requests),
                bytes: Double(bytes) / Double(requests)
            )
        }
    }
}
