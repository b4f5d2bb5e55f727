import Catalog
import Execution
import Lanes
import Messages
import Serving
import Testing

@Suite struct BatcherTests {
    private let flights = Flights()

    @Test func `No more requests wait than are allowed`() {
        let batcher = batcher(requests: 2)
        #expect(unsafe offer(batcher, flights.make()) == nil)
        #expect(unsafe offer(batcher, flights.make()) == nil)
        let refusal = unsafe offer(batcher, flights.make())
        #expect(refusal?.code == .overloaded)
        #expect(refusal?.message == "2 requests wait, allowed are 2")
        // One row waits a microsecond: at least a millisecond is suggested.
        #expect(refusal?.retryAfterMicroseconds == 1000)
        #expect(batcher.depth == (2, 2, 2))
        _ = run(batcher)
        // Both run: there is room although neither is done.
        #expect(unsafe offer(batcher, flights.make()) == nil)
    }

    @Test func `No more bytes are held than are allowed, running ones included`() {
        let batcher = batcher(bytes: 100)
        #expect(unsafe offer(batcher, flights.make(bytes: 60)) == nil)
        #expect(unsafe offer(batcher, flights.make(bytes: 40)) == nil)
        let refusal = unsafe offer(batcher, flights.make(bytes: 1))
        #expect(refusal?.code == .overloaded)
        #expect(refusal?.message == "100 bytes wait, allowed are 100")
        var segments = run(batcher)
        #expect(batcher.depth == (0, 0, 100))
        #expect(unsafe offer(batcher, flights.make(bytes: 1)) != nil)
        finish(batcher, &segments)
        #expect(batcher.depth == (0, 0, 0))
        #expect(unsafe offer(batcher, flights.make(bytes: 100)) == nil)
    }

    @Test func `A request larger than the queue passes while nothing else is there`() {
        let batcher = batcher(bytes: 100)
        #expect(unsafe offer(batcher, flights.make(bytes: 5000)) == nil)
        #expect(
            unsafe offer(batcher, flights.make(bytes: 1))?.message
                == "5000 bytes wait, allowed are 100"
        )
    }

    @Test func `What is suggested grows with the rows that wait`() {
        let batcher = batcher(requests: 1)
        #expect(unsafe offer(batcher, flights.make(rows: 8_000_000)) == nil)
        // Eight seconds of rows; half of them should be done.
        let refusal = unsafe offer(batcher, flights.make())
        #expect(refusal?.retryAfterMicroseconds == 4_000_000)
    }

    @Test func `A closed batcher admits nothing and still runs what waits`() {
        let batcher = batcher()
        #expect(unsafe offer(batcher, flights.make(rows: 3)) == nil)
        batcher.close()
        #expect(unsafe offer(batcher, flights.make())?.message == "closed")
        batcher.stop()
        #expect(!batcher.isFinished)
        #expect(run(batcher).count == 1)
        #expect(batcher.isFinished)
    }

    @Test func `A request is done when its last row is`() {
        let batcher = batcher(target: 4)
        let flight = unsafe flights.make(rows: 10, bytes: 7)
        #expect(unsafe offer(batcher, flight) == nil)
        var first = run(batcher)
        var second = run(batcher)
        var third = run(batcher)
        #expect([first, second, third].map { $0[0].rows } == [4, 4, 2])
        #expect(finish(batcher, &second, rows: 6, now: 300) == 0)
        #expect(finish(batcher, &third, rows: 2, now: 400) == 0)
        #expect(batcher.depth.bytes == 7)
        #expect(finish(batcher, &first, rows: 4, now: 500) == 1)
        #expect(batcher.depth.bytes == 0)
        #expect(unsafe flight.pointee.largestBatch == 6)
    }

    @Test func `A request that nobody took is withdrawn at once`() {
        let batcher = batcher()
        let flight = unsafe flights.make(rows: 3, bytes: 5)
        #expect(unsafe offer(batcher, flight) == nil)
        #expect(unsafe batcher.withdraw(flight))
        #expect(batcher.depth == (0, 0, 0))
        #expect(run(batcher).isEmpty)
    }

    @Test func `A request that runs is withdrawn when its rows come back`() {
        let batcher = batcher(target: 4)
        let flight = unsafe flights.make(rows: 10, bytes: 5)
        #expect(unsafe offer(batcher, flight) == nil)
        var segments = run(batcher)
        #expect(unsafe !batcher.withdraw(flight))
        // Its other rows are never computed.
        #expect(batcher.depth == (0, 0, 5))
        #expect(run(batcher).isEmpty)
        #expect(finish(batcher, &segments) == 1)
        #expect(batcher.depth == (0, 0, 0))
    }

    @Test func `A request between two micro-batches is withdrawn at once`() {
        let batcher = batcher(target: 4)
        let flight = unsafe flights.make(rows: 10, bytes: 5)
        #expect(unsafe offer(batcher, flight) == nil)
        var segments = run(batcher)
        // The worker hands its rows in and finds a TRIGGER request to run first.
        #expect(unsafe offer(batcher, flights.make(.trigger, rows: 4, bytes: 1)) == nil)
        #expect(finish(batcher, &segments) == 0)
        #expect(unsafe batcher.withdraw(flight))
        #expect(batcher.depth == (0, 0, 1))
    }

    @Test func `A refused request keeps its first reason and computes no further row`() {
        let batcher = batcher(target: 4)
        let flight = unsafe flights.make(rows: 10)
        #expect(unsafe offer(batcher, flight) == nil)
        var segments = run(batcher)
        batcher.refuse(segments[0], Refusal(.internal, "first"))
        batcher.refuse(segments[0], Refusal(.internal, "second"))
        #expect(run(batcher).isEmpty)
        #expect(finish(batcher, &segments) == 1)
        #expect(unsafe flight.pointee.refusal?.message == "first")
    }

    @Test func `A delay waits for more events, for a TRIGGER it does not`() {
        let batcher = batcher(target: 4, delayMicroseconds: 1)
        #expect(unsafe offer(batcher, flights.make(arrival: 1000)) == nil)
        #expect(run(batcher, now: 1400).isEmpty)
        #expect(run(batcher, now: 2000).count == 1)
        #expect(unsafe offer(batcher, flights.make(rows: 4, arrival: 3000)) == nil)
        #expect(run(batcher, now: 3000).count == 1)
        #expect(unsafe offer(batcher, flights.make(.bulk, arrival: 4000)) == nil)
        #expect(run(batcher, now: 4000).isEmpty)
        #expect(unsafe offer(batcher, flights.make(.trigger, arrival: 4100)) == nil)
        #expect(run(batcher, now: 4100).count == 2)
    }

    @Test func `A delay takes half of what a deadline leaves at most`() {
        let batcher = batcher(target: 4, delayMicroseconds: 100)
        #expect(unsafe offer(batcher, flights.make(arrival: 1000, deadline: 25_000)) == nil)
        #expect(run(batcher, now: 12_999).isEmpty)
        #expect(run(batcher, now: 13_000).count == 1)
        // The first to be due counts, whichever came first.
        #expect(unsafe offer(batcher, flights.make(arrival: 20_000, deadline: 90_000)) == nil)
        #expect(unsafe offer(batcher, flights.make(arrival: 22_000, deadline: 62_000)) == nil)
        #expect(run(batcher, now: 41_999).isEmpty)
        #expect(run(batcher, now: 42_000).count == 2)
        // Nothing of it is left for those that come later.
        #expect(unsafe offer(batcher, flights.make(arrival: 100_000)) == nil)
        #expect(run(batcher, now: 199_999).isEmpty)
        #expect(run(batcher, now: 200_000).count == 1)
        // There may be no time at all.
        #expect(unsafe offer(batcher, flights.make(arrival: 300_000, deadline: 300_001)) == nil)
        #expect(run(batcher, now: 300_000).count == 1)
    }

    @Test func `A chosen wait follows the arrival rate`() {
        let flights = Flights(capacity: 4096)
        // One event costs 10 us, each further one 1 us.
        let plan = MicroBatchPlan(
            steps: [1, 2, 4, 8].map { .init(rows: $0, nanoseconds: 9000 + 1000 * $0) }
        )
        let batcher = Batcher(
            bells: [.atStart()],
            queueRequests: 100_000,
            queueBytes: 1 << 20,
            delay: .chosen,
            plan: plan
        )
        // 20 ms of nothing, then an event: it need not wait.
        var now: UInt64 = 20_000_000
        #expect(unsafe offer(batcher, flights.make(arrival: now)) == nil)
        #expect(run(batcher, now: now).count == 1)
        // 20 ms of an event every 10 us: one after the other they take all of a lane's time, four
        // at a time a third.
        for _ in 0..<2000 {
            now += 10_000
            #expect(unsafe offer(batcher, flights.make(arrival: now)) == nil)
            _ = run(batcher, now: now)
        }
        while !run(batcher, now: now + 1_000_000).isEmpty {}
        now += 1_000_000
        #expect(unsafe offer(batcher, flights.make(arrival: now)) == nil)
        #expect(run(batcher, now: now + 39_000).isEmpty)
        #expect(unsafe offer(batcher, flights.make(rows: 3, arrival: now + 39_000)) == nil)
        #expect(run(batcher, now: now + 39_000).count == 2)
        now += 100_000
        // No longer than four take to come, or half of what a deadline leaves; a TRIGGER not at all.
        #expect(unsafe offer(batcher, flights.make(arrival: now)) == nil)
        #expect(run(batcher, now: now + 39_000).isEmpty)
        #expect(run(batcher, now: now + 42_000).count == 1)
        now += 100_000
        #expect(unsafe offer(batcher, flights.make(arrival: now, deadline: now + 20_000)) == nil)
        #expect(run(batcher, now: now + 9000).isEmpty)
        #expect(run(batcher, now: now + 10_000).count == 1)
        #expect(unsafe offer(batcher, flights.make(.trigger, arrival: now + 11_000)) == nil)
        #expect(run(batcher, now: now + 11_000).count == 1)
        // A stream that ended is forgotten.
        now += 1_000_000_000
        #expect(unsafe offer(batcher, flights.make(arrival: now)) == nil)
        #expect(run(batcher, now: now).count == 1)
    }

    private func batcher(
        requests: Int = 100,
        bytes: Int = 1 << 20,
        target: Int = 64,
        delayMicroseconds: Int = 0
    ) -> Batcher {
        Batcher(
            bells: [.atStart()],
            queueRequests: requests,
            queueBytes: bytes,
            delay: .fixed(microseconds: delayMicroseconds),
            plan: MicroBatchPlan(steps: [.init(rows: target, nanoseconds: 1000 * target)])
        )
    }

    /// Why a flight was not taken, or nil.
    private func offer(_ batcher: Batcher, _ flight: FlightPointer) -> Refusal? {
        switch unsafe batcher.offer(flight) {
        case .accepted: nil
        case .refused(let refusal): refusal
        case .closed: Refusal(.unavailable, "closed")
        }
    }

    /// The segments of the next micro-batch.
    private func run(_ batcher: Batcher, now: UInt64 = 200) -> [BatchQueues.Segment] {
        var segments: [BatchQueues.Segment] = []
        var completed: [FlightPointer] = unsafe []
        _ = unsafe batcher.exchange(
            worker: 0,
            finished: &segments,
            completed: &completed,
            rowsOfBatch: 0,
            now: now
        )
        return segments
    }

    /// Hands segments in; gives the number of flights that are done.
    @discardableResult
    private func finish(
        _ batcher: Batcher,
        _ segments: inout [BatchQueues.Segment],
        rows: Int = 1,
        now: UInt64 = 300
    ) -> Int {
        var completed: [FlightPointer] = unsafe []
        _ = unsafe batcher.exchange(
            worker: 0,
            finished: &segments,
            completed: &completed,
            rowsOfBatch: rows,
            now: now
        )
        return unsafe completed.count
    }
}
