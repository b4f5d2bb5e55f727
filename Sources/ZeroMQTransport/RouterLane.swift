internal import Lanes
public import Messages
public import Serving
internal import Synchronization

/// The thread that owns the ROUTER socket: reads requests, admits them, sends replies, and
/// answers deadlines when they pass.
///
/// It never waits for a worker or a client, and it never stops reading: what cannot be
/// admitted is refused, what a client does not take is kept within a bound.
public final class RouterLane: Sendable {
    /// Answers control requests; called on the cooperative pool.
    public typealias ControlHandler = @Sendable (ControlRequest) async -> ControlReply

    /// Addresses that are bound, ports resolved.
    public let addresses: [String]
    /// When the lane last went round its loop, nanoseconds of the monotonic clock.
    private let heartbeat = Atomic<UInt64>(0)
    private let stopping = Atomic<Bool>(false)
    private let bell: Bell
    private let thread: Mutex<LaneThread?>

    /// A loop that takes longer than this is stuck: it sleeps less.
    public static let stuckNanoseconds: UInt64 = 2_000_000_000

    /// Binds the endpoints and starts the lane.
    public init(
        settings: TransportSettings,
        roster: ModelRoster,
        pool: AnswerPool,
        metrics: LaneMetrics,
        control: @escaping ControlHandler
    ) throws(TransportFailure) {
        let bell = Bell.atStart()
        let state = try RouterState(
            settings: settings,
            roster: roster,
            pool: pool,
            metrics: metrics,
            control: control,
            bell: bell
        )
        self.bell = bell
        addresses = state.addresses
        thread = Mutex(nil)
        heartbeat.store(MonotonicClock.now(), ordering: .relaxed)
        let box = RouterBox(state: state)
        do {
            let started = try LaneThread(name: "router") { [self] in
                box.state.loop(heartbeat: heartbeat, stopping: stopping)
            }
            thread.withLock { $0 = started }
        } catch {
            throw TransportFailure(error.call, code: error.code)
        }
    }

    /// Whether the lane has not gone round for too long.
    public func isStuck(now: UInt64) -> Bool {
        let last = heartbeat.load(ordering: .relaxed)
        return now > last && now - last > Self.stuckNanoseconds
    }

    /// Ends the lane once what was admitted is answered.
    ///
    /// The roster must drain before, so that nothing new is admitted. Blocks until the socket is
    /// closed.
    public func stop() {
        stopping.store(true, ordering: .sequentiallyConsistent)
        bell.ring()
        let running = thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        running?.join()
    }
}

/// Carries the lane's state to its thread.
private final class RouterBox: @unchecked Sendable {
    // Safe because only the lane's thread touches it once it runs.
    let state: RouterState

    init(state: RouterState) {
        self.state = state
    }
}
