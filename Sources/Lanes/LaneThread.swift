internal import CLinux
internal import Glibc

/// A dedicated thread with an owner that ends it.
///
/// The body is given once and must return soon after its owner asks it to; `join()`
/// waits for that. A lane that is never joined is a bug.
@safe
public final class LaneThread: @unchecked Sendable {
    // Safe because `thread` is written once before the object is shared.
    private var thread = pthread_t()

    /// Starts `body` on a new thread of this name (15 bytes are kept).
    ///
    /// Running out of threads is a precondition: lanes are made when a model is loaded,
    /// within a limit that settings give.
    public init(name: String, body: @escaping @Sendable () -> Void) {
        let start = LaneStart(name: name, body: body)
        let code = unsafe pthread_create(
            &thread,
            nil,
            runLane,
            Unmanaged.passRetained(start).toOpaque()
        )
        precondition(code == 0, "pthread_create: \(code)")
    }

    /// Waits for the body to return.
    ///
    /// Call once.
    public func join() {
        pthread_join(thread, nil)
    }
}

extension LaneThread {
    /// Runs `body` once on a thread that nobody joins: for blocking work of the control plane,
    /// whose end `body` itself reports.
    public static func runDetached(name: String, body: @escaping @Sendable () -> Void) {
        let start = LaneStart(name: name, body: body)
        var thread = pthread_t()
        let code = unsafe pthread_create(
            &thread,
            nil,
            runLane,
            Unmanaged.passRetained(start).toOpaque()
        )
        precondition(code == 0, "pthread_create: \(code)")
        pthread_detach(thread)
    }
}

private final class LaneStart {
    let name: String
    let body: @Sendable () -> Void

    init(name: String, body: @escaping @Sendable () -> Void) {
        self.name = name
        self.body = body
    }
}

@c
private func runLane(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument = unsafe argument else { return nil }
    let start = unsafe Unmanaged<LaneStart>.fromOpaque(argument).takeRetainedValue()
    unsafe clinux_name_thread(start.name)
    start.body()
    return nil
}
