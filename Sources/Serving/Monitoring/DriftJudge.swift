package import Lanes
internal import Synchronization

/// The thread that judges the windows of every monitored version.
///
/// None of the transport's or the models' lanes, for a window takes tens of microseconds, and none of
/// the cooperative pool's. It begins with the first version that has references.
package final class DriftJudge: Sendable {
    private struct State {
        var monitors: [DriftMonitor] = []
        var thread: LaneThread?
        var isStopped = false
    }

    /// What wakes it.
    package let bell: Bell
    private let state = Mutex(State())

    /// A judge without a thread yet.
    package init() { bell = .atStart() }

    /// Judges the windows of `monitor` from now on.
    package func add(_ monitor: DriftMonitor) throws(LaneFailure) {
        try state.withLock { state throws(LaneFailure) in
            if state.thread == nil, !state.isStopped {
                state.thread = try LaneThread(name: "drift") { [self] in loop() }
            }
            state.monitors.append(monitor)
        }
    }

    /// Judges them no more.
    package func remove(_ monitor: DriftMonitor) {
        state.withLock { $0.monitors.removeAll { $0 === monitor } }
    }

    /// Ends the thread.
    ///
    /// Blocks until it has judged what is full.
    package func stop() {
        let thread = state.withLock { state in
            state.isStopped = true
            return state.thread.take()
        }
        bell.ring()
        thread?.join()
    }

    private func loop() {
        while true {
            bell.prepareToSleep()
            let (monitors, isStopped) = state.withLock { ($0.monitors, $0.isStopped) }
            for monitor in monitors { monitor.judge() }
            if isStopped { return bell.stayAwake() }
            bell.sleep(nanoseconds: -1)
        }
    }
}
