internal import CLinux
internal import Glibc
internal import Synchronization

/// Wakes one sleeping thread, at the cost of one load while it is awake.
///
/// The sleeper: `prepareToSleep()`, look once more for work, then `sleep(...)`.
/// Ringers: publish the work first, then `ring()`.
public final class Bell: Sendable {
    /// Readable once rung; for a sleeper that waits in another library's poll.
    public let descriptor: Int32
    private let isAsleep = Atomic<Bool>(false)

    /// A bell, which takes a descriptor.
    public init() throws(LaneFailure) {
        descriptor = clinux_eventfd()
        if descriptor < 0 { throw LaneFailure(call: "eventfd", code: errno) }
    }

    /// A bell of something that is made once, when the process begins: a process that has no
    /// descriptor then cannot do anything.
    public static func atStart() -> Bell {
        do {
            return try Bell()
        } catch {
            preconditionFailure("\(error)")
        }
    }

    deinit {
        closeDescriptor(descriptor)
    }

    /// Wakes the sleeper, if it sleeps.
    ///
    /// Any thread.
    @inline(__always)
    public func ring() {
        guard isAsleep.load(ordering: .sequentiallyConsistent) else { return }
        if isAsleep.exchange(false, ordering: .sequentiallyConsistent) {
            clinux_eventfd_signal(descriptor)
        }
    }

    /// Says that the sleeper is about to sleep; it must look for work once more after this.
    @inline(__always)
    public func prepareToSleep() {
        isAsleep.store(true, ordering: .sequentiallyConsistent)
    }

    /// Takes `prepareToSleep()` back.
    @inline(__always)
    public func stayAwake() {
        if !isAsleep.exchange(false, ordering: .sequentiallyConsistent) {
            clinux_eventfd_clear(descriptor)
        }
    }

    /// Ends a sleep that another library's poll made.
    public func wake() {
        let wasRung = !isAsleep.exchange(false, ordering: .sequentiallyConsistent)
        if wasRung { clinux_eventfd_clear(descriptor) }
    }

    /// Sleeps until rung, until `other` is readable, or for `nanoseconds`.
    ///
    /// - Parameters:
    ///   - other: a further descriptor, or -1.
    ///   - nanoseconds: the longest sleep; negative for no limit.
    public func sleep(or other: Int32 = -1, nanoseconds: Int64) {
        let woken = clinux_wait(descriptor, other, nanoseconds)
        let wasRung = !isAsleep.exchange(false, ordering: .sequentiallyConsistent)
        if woken & 1 != 0 || wasRung { clinux_eventfd_clear(descriptor) }
    }
}
