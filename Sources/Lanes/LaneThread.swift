internal import CLinux
internal import Glibc
internal import Synchronization

/// A dedicated thread with an owner that ends it.
///
/// The body is given once and must return soon after its owner asks it to; `join()`
/// waits for that. A lane that is never joined is a bug.
@safe
public final class LaneThread: @unchecked Sendable {
    // Safe because `thread` never changes.
    private let thread: pthread_t

    /// Starts `body` on a new thread of this name (15 bytes are kept).
    public init(name: String, body: @escaping @Sendable () -> Void) throws(LaneFailure) {
        thread = try Self.start(name, body)
    }

    private static func start(
        _ name: String,
        _ body: @escaping @Sendable () -> Void
    ) throws(LaneFailure) -> pthread_t {
        let start = unsafe Unmanaged.passRetained(LaneStart(name: name, body: body))
        var thread = pthread_t()
        let code = unsafe pthread_create(&thread, nil, runLane, start.toOpaque())
        guard code == 0 else {
            unsafe start.release()
            throw LaneFailure(call: "pthread_create", code: code)
        }
        return thread
    }

    /// Waits for the body to return.
    ///
    /// Call once.
    public func join() {
        pthread_join(thread, nil)
    }
}

extension LaneThread {
    /// Makes the calling thread get a tenth of what others get of a processor that they want: for
    /// long work that somebody waits for, but that must not slow down the short.
    public static func beNice() {
        // Without it the work is done all the same, only less politely.
        _ = clinux_be_nice()
    }
}

extension LaneThread {
    /// Runs `body` once on a thread that nobody joins: for blocking work of the control plane,
    /// whose end `body` itself reports.
    public static func runDetached(
        name: String,
        body: @escaping @Sendable () -> Void
    ) throws(LaneFailure) {
        pthread_detach(try start(name, body))
    }
}

extension LaneThread {
    /// Runs `body` on a thread that has a processor only while no other thread wants it, and waits
    /// for it: for work that nobody's answer waits for.
    ///
    /// One thread for the whole process, one body after the other: malloc keeps memory for each
    /// thread, and a new one for each body would leave some with every arena it met. A body must not
    /// call this itself. Threads that `body` starts give way like it; start none that answers
    /// requests.
    public static func givingWay<Value: Sendable, Failure: Error>(
        _ body: @escaping @Sendable () throws(Failure) -> Value
    ) throws(Failure) -> Value {
        let outcome = GivenWay<Value, Failure>()
        GivingWayThread.shared.run { outcome.run(body) }
        return try outcome.take()
    }
}

/// The thread that gives way, and the body that it is to run.
///
/// Its bells last as long as the process: a body needs no descriptor, of which clients may have left
/// none.
private final class GivingWayThread: Sendable {
    static let shared = GivingWayThread()

    /// Held by the thread whose body it is.
    private let turn = Mutex(())
    private let body = Mutex<(@Sendable () -> Void)?>(nil)
    private let began = Bell.atStart()
    private let ended = Bell.atStart()

    private init() {
        do {
            try LaneThread.runDetached(name: "loader") { [self] in
                // Without it the work is done all the same, only less politely.
                _ = clinux_give_way()
                while true {
                    Self.sleep(on: began) { self.body.withLock { $0 != nil } }
                    body.withLock { $0 }?()
                    body.withLock { $0 = nil }
                    ended.ring()
                }
            }
        } catch {
            // The first models are read when the process begins.
            preconditionFailure("\(error)")
        }
    }

    /// Runs `body` once those before it have ended, and waits for its end.
    func run(_ body: @escaping @Sendable () -> Void) {
        turn.withLock { _ in
            self.body.withLock { $0 = body }
            began.ring()
            Self.sleep(on: ended) { self.body.withLock { $0 == nil } }
        }
    }

    private static func sleep(on bell: Bell, until holds: () -> Bool) {
        bell.prepareToSleep()
        while !holds() {
            bell.sleep(nanoseconds: -1)
            bell.prepareToSleep()
        }
        bell.stayAwake()
    }
}

/// What a body came to, from one thread to the one that waits for it.
private final class GivenWay<Value: Sendable, Failure: Error>: Sendable {
    private let result = Mutex<Result<Value, Failure>?>(nil)

    func run(_ body: () throws(Failure) -> Value) {
        let found: Result<Value, Failure>
        do throws(Failure) {
            found = .success(try body())
        } catch {
            found = .failure(error)
        }
        result.withLock { $0 = found }
    }

    func take() throws(Failure) -> Value {
        guard let found = result.withLock({ $0 }) else {
            preconditionFailure("the body has not run")
        }
        return try found.get()
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
    // Without it short waits end later, no more.
    _ = clinux_wait_punctually()
    start.body()
    return nil
}
