internal import Catalog
internal import Execution

/// For how many events, and how long, a lane waits before it runs those that wait for it.
///
/// Fixed by the manifest, or chosen from how fast events come and what micro-batches of theirs were
/// measured to cost. A lane that takes what waits is never idle once events come faster than one at
/// a time can be run; if it waits until micro-batches cost it half of its time, it leaves the other
/// half to the threads that bring events and take answers away, and to events whose turn is next.
struct Patience {
    /// The largest part of their time that lanes spend when they choose how long to wait.
    private static let share = 0.5
    /// Over which the arrival rate is measured, nanoseconds.
    private static let window: UInt64 = 10_000_000

    /// Events that are worth no further wait.
    private(set) var rows: Int
    /// Longest wait of the first of them.
    private(set) var nanoseconds: UInt64
    /// What is chosen by, or nil where the wait is fixed.
    private let plan: MicroBatchPlan?
    private let lanes: Double
    private var arrived = 0
    private var since: UInt64 = 0

    init(_ delay: Manifest.Delay, plan: MicroBatchPlan, lanes: Int) {
        self.lanes = Double(lanes)
        switch delay {
        case .fixed(let microseconds):
            rows = plan.bestRows
            nanoseconds = UInt64(microseconds) * 1000
            self.plan = nil
        case .chosen:
            rows = 1
            nanoseconds = 0
            self.plan = plan
        }
    }

    /// Counts events that came.
    mutating func count(_ rows: Int) { arrived += rows }

    /// Chooses anew once events were counted for long enough.
    mutating func choose(now: UInt64) {
        guard let plan, now &- since >= Self.window else { return }
        let rate = Double(arrived) / Double(now &- since)
        arrived = 0
        since = now
        rows = plan.rowsWorthWaiting(rate: rate / lanes, share: Self.share)
        // No longer than so many take to come; where none comes, one is enough.
        nanoseconds = rows > 1 ? UInt64(Double(rows) / rate) : 0
    }
}
