internal import Messages

/// Flights that wait for a model, in order of priority.
///
/// A state machine without a lock of its own: `Batcher` holds it in one.
///
/// TRIGGER goes before STANDARD before BULK; while BULK waits it is served first at least
/// once in `bulkShare` micro-batches, so that it never starves.
@safe
package struct BatchQueues {
    /// BULK goes first in one of this many micro-batches while it waits: 5 %.
    package static let bulkShare = 20

    /// Rows of one flight that share a micro-batch.
    @safe
    package struct Segment {
        package var flight: FlightPointer
        package var firstRow: Int
        package var rows: Int
    }

    /// A doubly linked list threaded through the flights themselves.
    @safe
    private struct List {
        var head: FlightPointer?
        var tail: FlightPointer?

        mutating func append(_ flight: FlightPointer) {
            unsafe flight.pointee.previous = unsafe tail
            unsafe flight.pointee.next = nil
            if let tail = unsafe tail {
                unsafe tail.pointee.next = unsafe flight
            } else {
                unsafe head = unsafe flight
            }
            unsafe tail = unsafe flight
        }

        mutating func remove(_ flight: FlightPointer) {
            let previous = unsafe flight.pointee.previous
            let next = unsafe flight.pointee.next
            if let previous = unsafe previous {
                unsafe previous.pointee.next = unsafe next
            } else {
                unsafe head = unsafe next
            }
            if let next = unsafe next {
                unsafe next.pointee.previous = unsafe previous
            } else {
                unsafe tail = unsafe previous
            }
        }
    }

    private var lists: InlineArray<3, List> = .init(repeating: List())
    private var bulkPassedOver = 0
    /// Requests that wait, a partly taken one included.
    package private(set) var requests = 0
    /// Bytes of requests that wait or run, and of their answers.
    package private(set) var bytes = 0
    /// Rows that no worker has taken yet.
    package private(set) var rows = 0
    /// When the first of those that waited since last nothing did must run, whatever else may come:
    /// half of its time is for that; `.max` when nothing waits.
    package private(set) var latestStart = UInt64.max
    /// Set by the drain: nothing further is admitted.
    package var isClosed = false

    /// Nothing waits.
    package init() {}

    /// Whether nothing waits.
    package var isEmpty: Bool { requests == 0 }

    /// When the oldest waiting flight arrived, and whether a TRIGGER one waits.
    package var oldest: (arrival: UInt64, hasTrigger: Bool)? {
        var arrival = UInt64.max
        for index in 0..<3 {
            if let head = unsafe lists[index].head {
                arrival = min(arrival, unsafe head.pointee.arrival)
            }
        }
        guard arrival != .max else { return nil }
        return unsafe (arrival, lists[0].head != nil)
    }

    /// Puts a flight at the end of its priority's list.
    package mutating func append(_ flight: FlightPointer) {
        unsafe flight.pointee.isWaiting = true
        unsafe lists[flight.pointee.priority.index].append(flight)
        requests += 1
        unsafe bytes += flight.pointee.bytes
        unsafe rows += flight.pointee.rows
        let arrival = unsafe flight.pointee.arrival
        let deadline = unsafe max(arrival, flight.pointee.deadline)
        latestStart = min(latestStart, arrival + (deadline - arrival) / 2)
    }

    /// Takes a waiting flight out, with the rows nobody took.
    package mutating func removeWaiting(_ flight: FlightPointer) {
        guard unsafe flight.pointee.isWaiting else { return }
        unsafe lists[flight.pointee.priority.index].remove(flight)
        unsafe endWait(flight)
        unsafe rows -= flight.pointee.rows - flight.pointee.rowsTaken
    }

    private mutating func endWait(_ flight: FlightPointer) {
        unsafe flight.pointee.isWaiting = false
        requests -= 1
        if requests == 0 { latestStart = .max }
    }

    /// Forgets the bytes of a flight that is done.
    package mutating func forget(_ flight: FlightPointer) {
        unsafe bytes -= flight.pointee.bytes
    }

    /// Takes up to `limit` rows for one micro-batch, best priority first.
    package mutating func take(limit: Int, now: UInt64, into segments: inout [Segment]) -> Int {
        var taken = 0
        let order = order()
        for position in 0..<3 {
            let index = order[position]
            while taken < limit, let flight = unsafe lists[index].head {
                let first = unsafe flight.pointee.rowsTaken
                let count = unsafe min(limit - taken, flight.pointee.rows - first)
                if first == 0 {
                    unsafe flight.pointee.firstTaken = now
                    unsafe flight.pointee.queueNanoseconds = now - min(now, flight.pointee.arrival)
                }
                unsafe segments.append(Segment(flight: flight, firstRow: first, rows: count))
                unsafe flight.pointee.rowsTaken += count
                taken += count
                rows -= count
                if unsafe flight.pointee.rowsTaken == flight.pointee.rows {
                    unsafe lists[index].remove(flight)
                    unsafe endWait(flight)
                }
            }
        }
        return taken
    }

    /// Lists in the order of this micro-batch.
    private mutating func order() -> [3 of Int] {
        let bulk = Priority.bulk.index
        guard unsafe lists[bulk].head != nil, unsafe lists[0].head != nil || lists[1].head != nil
        else {
            bulkPassedOver = 0
            return [0, 1, 2]
        }
        bulkPassedOver += 1
        guard bulkPassedOver >= Self.bulkShare else { return [0, 1, 2] }
        bulkPassedOver = 0
        return [bulk, 0, 1]
    }
}
