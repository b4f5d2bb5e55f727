internal import Glibc
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
    private static let pollMicroseconds: UInt32 = 1_000

    private struct State {
        var lanes = 0
        var isAwaited = false
        var tables: [RosterTable] = []
    }

    private let state = Mutex(State())

    /// A lane begins to hold tables.
    func addLane() { state.withLock { $0.lanes += 1 } }

    /// A lane ends.
    func removeLane() { state.withLock { $0.lanes -= 1 } }

    /// Takes a table from a lane, which must not use it any more.
    func giveBack(_ table: consuming RosterTable) {
        let table = table
        let isAwaited = state.withLock { state in
            if state.isAwaited { state.tables.append(table) }
            return state.isAwaited
        }
        if !isAwaited {
            LaneThread.runDetached(name: "retire") { withExtendedLifetime(table) {} }
        }
    }

    /// From now on tables are kept for `collect`.
    func prepare() { state.withLock { $0.isAwaited = true } }

    /// Waits until every lane has given its old table back, and lets them go on this thread.
    func collect() {
        let end = MonotonicClock.now() + Self.longestWait
        while state.withLock({ $0.tables.count < $0.lanes }), MonotonicClock.now() < end {
            usleep(Self.pollMicroseconds)
        }
        let tables = state.withLock { state in
            defer { state.tables = [] }
            state.isAwaited = false
            return state.tables
        }
        withExtendedLifetime(tables) {}
    }
}
