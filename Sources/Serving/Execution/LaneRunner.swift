internal import Execution
internal import Lanes

/// Runs tiny batches of a model on the transport's own lane.
///
/// A hand-over to a worker and back costs 10 to 15 us, more than many models. It is saved while
/// nothing waits for the model and what came costs so little that no deadline can slip behind it.
@safe
final class LaneRunner: @unchecked Sendable {
    // Safe because only the transport's lane uses it once the model serves.
    private let runner: UnsafeMutablePointer<BatchRunner>
    private let costs: [Int]

    /// The most that a lane may spend on running models between two looks at its socket.
    static let budgetNanoseconds = 50_000

    /// Rows up to which the worst cost measured stays within the budget; 0 for none.
    static func maximumRows(of plan: MicroBatchPlan) -> Int {
        (1...plan.bestRows).last { plan.worstNanoseconds(for: $0) <= budgetNanoseconds } ?? 0
    }

    init(_ runner: BatchRunner) {
        unsafe self.runner = .allocate(capacity: 1)
        unsafe self.runner.initialize(to: runner)
        let rows = Self.maximumRows(of: runner.plan)
        costs = [0] + (0..<rows).map { runner.plan.worstNanoseconds(for: $0 + 1) }
    }

    deinit {
        unsafe runner.deinitialize(count: 1)
        unsafe runner.deallocate()
    }

    /// The most that so many rows cost, or nil when that is too much for the lane.
    func cost(rows: Int) -> Int? { rows < costs.count ? costs[rows] : nil }

    /// Runs all of `pending`, whose flights then have their answers or refusals.
    func run(_ pending: PendingFlights, now: UInt64) {
        var next = unsafe pending.first
        unsafe runner.pointee.segments.removeAll(keepingCapacity: true)
        while let flight = unsafe next {
            let rows = unsafe flight.pointee.rows
            unsafe runner.pointee.segments.append(.init(flight: flight, firstRow: 0, rows: rows))
            unsafe flight.pointee.rowsTaken = rows
            unsafe flight.pointee.queueNanoseconds = now &- min(now, flight.pointee.arrival)
            unsafe next = unsafe flight.pointee.next
        }
        unsafe runner.pointee.run(rows: pending.rows)
        let spent = MonotonicClock.now() &- now
        for index in unsafe runner.pointee.segments.indices {
            let flight = unsafe runner.pointee.segments[index].flight
            unsafe flight.pointee.rowsDone = unsafe flight.pointee.rows
            unsafe flight.pointee.largestBatch = pending.rows
            unsafe flight.pointee.computeNanoseconds = spent
        }
    }
}
