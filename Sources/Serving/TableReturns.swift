internal import Lanes
internal import Synchronization

/// Where transport lanes leave roster tables that they are done with.
///
/// With its last table a retired model goes: a session and its weights are unmapped, which takes
/// milliseconds that no lane has. So the thread that reloads takes the tables back.
final class TableReturns: Sendable {
    /// How long the reloading thread waits for a lane; tables that come later get a thread of their
    /// own.
    private static let longestWait: UInt64 = 1_000_000_000

    private struct State {
        var lanes = 0
        var isAwaited = false
        var tables: [RosterTable] = []
    }

    private let state = Mutex(State())
    /// Rung whenever the reloading thread may have waited long enough.
    private let bell = Bell.atStart()

    /// A lane begins to hold tables.
    func addLane() { state.withLock { $0.lanes += 1 } }

    /// A lane ends.
    func removeLane() {
        state.withLock { $0.lanes -= 1 }
        bell.ring()
    }

    /// Takes a table from a lane, which must not use it any more.
    func giveBack(_ table: consuming RosterTable) {
        let table = table
        let isAwaited = state.withLock { state in
            if state.isAwaited { state.tables.append(table) }
            return state.isAwaited
        }
        if isAwaited {
            bell.ring()
        } else {
            // Without a thread for it the table goes here and now, at the lane's cost.
            try? LaneThread.runDetached(name: "retire") { withExtendedLifetime(table) {} }
        }
    }

    /// From now on tables are kept for `collect`.
    func prepare() { state.withLock { $0.isAwaited = true } }

    /// Waits until every lane has given its old table back, and hands them on.
    func collect() -> [RosterTable] {
        let end = MonotonicClock.now() + Self.longestWait
        while true {
            bell.prepareToSleep()
            let now = MonotonicClock.now()
            guard now < end, state.withLock({ $0.tables.count < $0.lanes }) else { break }
            bell.sleep(nanoseconds: Int64(end - now))
        }
        bell.stayAwake()
        return state.withLock { state in
            defer { state.tables = [] }
            state.isAwaited = false
            return state.tables
        }
    }
}
