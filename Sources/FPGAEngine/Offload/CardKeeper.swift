internal import Execution
internal import Lanes
internal import Synchronization

/// Keeps one card for all lanes of a model: runs on it while it answers, gives it up when it fails,
/// and tries it again after a while.
///
/// A card that fails is closed at once by a thread of its own, which then waits, opens it anew and
/// has the golden words run on it before any event is. No lane ever waits for that.
final class CardKeeper: Sendable {
    /// Opens the card and proves it by the firmware's golden words.
    typealias Opener = @Sendable () throws(CardFailure) -> any CardSession

    /// What a card did.
    private struct Counts {
        var rows = 0
        var failures: [String: Int] = [:]
        /// Clocks of sessions that were given up.
        var clocks: UInt64?
    }

    /// Where the lanes take turns.
    private struct Shared: ~Copyable {
        var session: (any CardSession)?
        var counts: Counts
    }

    private let shared: Mutex<Shared>
    private let state: Mutex<CardState>
    /// Read by every run, so that a lost card costs no lock.
    private let isServing: Atomic<Bool>
    /// Rows that software answered in the card's place.
    private let softwareRows = Atomic<Int>(0)
    private let isStopped = Atomic<Bool>(false)
    private let bell: Bell
    private let thread: Mutex<LaneThread?>
    private let open: Opener

    /// Keeps what was opened first, and opens again what is lost.
    init(
        _ first: Result<any CardSession, CardFailure>,
        open: @escaping Opener
    ) throws(LaneFailure) {
        self.open = open
        bell = try Bell()
        thread = Mutex(nil)
        let now = MonotonicClock.now()
        var counts = Counts()
        switch first {
        case .success(let session):
            shared = Mutex(Shared(session: session, counts: counts))
            state = Mutex(CardState(now: now))
            isServing = Atomic(true)
        case .failure(let failure):
            counts.failures[failure.call, default: 0] += 1
            shared = Mutex(Shared(session: nil, counts: counts))
            state = Mutex(CardState(now: now, reason: failure.description))
            isServing = Atomic(false)
        }
        let started = try LaneThread(name: "card") { [self] in tend() }
        thread.withLock { $0 = started }
    }

    /// Runs events on the card; false when it does not answer, and what is in `output` is then nothing.
    func run(events: Int, input: UnsafeRawPointer, output: UnsafeMutableRawPointer) -> Bool {
        guard isServing.load(ordering: .acquiring) else { return false }
        return shared.withLock { shared in
            // It may have been lost while this lane waited for its turn.
            guard isServing.load(ordering: .acquiring), let session = shared.session else {
                return false
            }
            do throws(CardFailure) {
                try unsafe session.run(events: events, input: input, output: output)
                shared.counts.rows += events
                return true
            } catch {
                shared.counts.failures[error.call, default: 0] += 1
                isServing.store(false, ordering: .releasing)
                state.withLock { _ = $0.lose(error.description, now: MonotonicClock.now()) }
                bell.ring()
                return false
            }
        }
    }

    /// Why the card does not answer, or nil while it does.
    var reason: String? {
        isServing.load(ordering: .acquiring) ? nil : state.withLock { $0.reason }
    }

    /// Software answered so many rows in the card's place.
    func countSoftware(_ rows: Int) { softwareRows.add(rows, ordering: .relaxed) }

    /// Rows that software answered.
    var softwareCounts: DeviceCounts {
        var counts = DeviceCounts()
        counts.rows = softwareRows.load(ordering: .relaxed)
        return counts
    }

    /// What the card did so far.
    var counts: DeviceCounts {
        shared.withLock { shared in
            var counts = DeviceCounts()
            counts.rows = shared.counts.rows
            counts.failures = shared.counts.failures.sorted { $0.key < $1.key }
                .map { (call: $0.key, count: $0.value) }
            counts.clocks = Self.sum(shared.counts.clocks, shared.session?.clocks)
            return counts
        }
    }

    /// Gives the card up for good.
    ///
    /// Blocks until its thread has ended; no lane may run meanwhile.
    func stop() {
        isStopped.store(true, ordering: .sequentiallyConsistent)
        bell.ring()
        thread.withLock { thread in
            defer { thread = nil }
            return thread
        }?.join()
        giveUp()
    }

    /// The thread: until stopped, closes what fails and tries it again.
    private func tend() {
        while true {
            bell.prepareToSleep()
            if isStopped.load(ordering: .sequentiallyConsistent) { return bell.stayAwake() }
            guard let retryTime = state.withLock({ $0.retryTime }) else {
                bell.sleep(nanoseconds: -1)
                continue
            }
            giveUp()
            let now = MonotonicClock.now()
            guard retryTime <= now else {
                bell.sleep(nanoseconds: Int64(clamping: retryTime - now))
                continue
            }
            bell.stayAwake()
            retry()
        }
    }

    private func retry() {
        do throws(CardFailure) {
            let session = try open()
            shared.withLock { $0.session = session }
            state.withLock { $0.recover(now: MonotonicClock.now()) }
            isServing.store(true, ordering: .releasing)
        } catch {
            shared.withLock { $0.counts.failures[error.call, default: 0] += 1 }
            state.withLock { _ = $0.lose(error.description, now: MonotonicClock.now()) }
        }
    }

    /// Closes the card; what it counted is kept.
    private func giveUp() {
        let session = shared.withLock { shared in
            defer { shared.session = nil }
            shared.counts.clocks = Self.sum(shared.counts.clocks, shared.session?.clocks)
            return shared.session
        }
        // Closed here, outside the lock, when the last reference goes.
        withExtendedLifetime(session) {}
    }

    private static func sum(_ left: UInt64?, _ right: UInt64?) -> UInt64? {
        guard let left, let right else { return left ?? right }
        return left + right
    }
}
