import Messages
import Serving
import TestSupport
import Testing

@Suite struct BatchQueuesTests {
    private let flights = Flights()

    @Test func `TRIGGER goes before STANDARD before BULK, each in the order of arrival`() {
        var queues = BatchQueues()
        let bulk = unsafe flights.make(.bulk)
        let first = unsafe flights.make(.standard)
        let second = unsafe flights.make(.standard)
        let trigger = unsafe flights.make(.trigger)
        unsafe queues.append(bulk)
        unsafe queues.append(first)
        unsafe queues.append(second)
        unsafe queues.append(trigger)
        #expect(queues.requests == 4 && queues.rows == 4 && !queues.isEmpty)
        let found = queues.pieces(10)
        let wanted = unsafe [trigger, first, second, bulk].map { unsafe Piece($0, 0, 1) }
        #expect(found == wanted)
        #expect(queues.isEmpty && queues.rows == 0)
        #expect(queues.pieces(10) == [])
    }

    @Test func `A large request is taken in pieces, and a better one goes between them`() {
        var queues = BatchQueues()
        let large = unsafe flights.make(.standard, rows: 10)
        unsafe queues.append(large)
        #expect(unsafe queues.pieces(4) == [Piece(large, 0, 4)])
        #expect(queues.requests == 1 && queues.rows == 6)
        let trigger = unsafe flights.make(.trigger, rows: 3)
        unsafe queues.append(trigger)
        #expect(unsafe queues.pieces(4) == [Piece(trigger, 0, 3), Piece(large, 4, 1)])
        #expect(unsafe queues.pieces(4) == [Piece(large, 5, 4)])
        #expect(unsafe queues.pieces(4) == [Piece(large, 9, 1)])
        #expect(queues.isEmpty)
    }

    @Test func `BULK goes first in one of twenty micro-batches while others wait`() {
        var queues = BatchQueues()
        let bulk = unsafe flights.make(.bulk, rows: 1_000_000)
        let standard = unsafe flights.make(.standard, rows: 1_000_000)
        unsafe queues.append(bulk)
        unsafe queues.append(standard)
        let slot = unsafe bulk.pointee.slot
        let order = (0..<200).map { _ in queues.pieces(8).first?.slot == slot }
        #expect(order.count { $0 } == 10)
        let places = order.indices.filter { order[$0] }
        #expect(zip(places, places.dropFirst()).allSatisfy { $1 - $0 == BatchQueues.bulkShare })
    }

    @Test("BULK has its 5 % whatever waits beside it", arguments: 0..<20)
    func bulkShare(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var queues = BatchQueues()
        let bulk = unsafe flights.make(.bulk, rows: 100_000_000)
        unsafe queues.append(bulk)
        let slot = unsafe bulk.pointee.slot
        var passedOver = 0
        var isFull = false
        for _ in 0..<2000 {
            // New work of the better priorities never ends, in pieces of any size.
            if !isFull, random.int(0...9) > 0 {
                let priority: Priority = random.int(0...1) == 0 ? .trigger : .standard
                unsafe queues.append(flights.make(priority, rows: random.int(1...40)))
            }
            var segments: [BatchQueues.Segment] = []
            _ = queues.take(limit: random.int(1...64), now: 0, into: &segments)
            let isBulkFirst = segments.first.map { Piece($0).slot == slot } ?? false
            passedOver = isBulkFirst ? 0 : passedOver + 1
            // Where nothing else waits it is first anyway.
            #expect(passedOver < BatchQueues.bulkShare)
            for segment in segments {
                let flight = unsafe segment.flight
                guard unsafe flight != bulk, unsafe !flight.pointee.isWaiting else { continue }
                unsafe flights.release(flight)
            }
            if queues.requests > 30 {
                // Enough waits: let the better ones run out for a while.
                isFull = true
            } else if queues.requests < 5 {
                isFull = false
            }
        }
    }

    @Test func `BULK alone waits for nobody and saves up no turns`() {
        var queues = BatchQueues()
        let bulk = unsafe flights.make(.bulk, rows: 1000)
        unsafe queues.append(bulk)
        for _ in 0..<50 { #expect(queues.pieces(4).count == 1) }
        let trigger = unsafe flights.make(.trigger)
        unsafe queues.append(trigger)
        #expect(unsafe queues.pieces(4).first == Piece(trigger, 0, 1))
    }

    @Test func `What waits longest is known, and whether a TRIGGER waits`() {
        var queues = BatchQueues()
        #expect(queues.oldest == nil)
        unsafe queues.append(flights.make(.bulk, arrival: 30))
        unsafe queues.append(flights.make(.standard, arrival: 20))
        #expect(queues.oldest?.arrival == 20)
        #expect(queues.oldest?.hasTrigger == false)
        unsafe queues.append(flights.make(.trigger, arrival: 40))
        #expect(queues.oldest?.arrival == 20)
        #expect(queues.oldest?.hasTrigger == true)
    }

    @Test func `The first row taken marks how long the request waited`() {
        var queues = BatchQueues()
        let flight = unsafe flights.make(rows: 2, arrival: 100)
        let late = unsafe flights.make(rows: 1, arrival: 900)
        unsafe queues.append(flight)
        unsafe queues.append(late)
        _ = queues.pieces(1, now: 150)
        #expect(unsafe flight.pointee.queueNanoseconds == 50)
        _ = queues.pieces(2, now: 500)
        #expect(unsafe flight.pointee.queueNanoseconds == 50)
        // A clock that another lane read a little earlier is no reason to trap.
        #expect(unsafe late.pointee.queueNanoseconds == 0)
    }

    @Test("Rows, requests and bytes add up, whatever is done", arguments: 0..<40)
    func bookkeeping(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var queues = BatchQueues()
        var live: [FlightPointer] = unsafe []
        for _ in 0..<400 {
            switch random.int(0...3) {
            case 0, 1:
                guard unsafe live.count < 60 else { continue }
                let priority = Priority.allCases[random.int(0...2)]
                let flight = unsafe flights.make(
                    priority,
                    rows: random.int(1...20),
                    bytes: random.int(1...1000)
                )
                unsafe queues.append(flight)
                unsafe live.append(flight)
            case 2:
                _ = queues.pieces(random.int(1...30))
            default:
                guard unsafe !live.isEmpty else { continue }
                let flight = unsafe live.remove(at: random.int(0...(live.count - 1)))
                unsafe queues.removeWaiting(flight)
                // Once more does nothing.
                unsafe queues.removeWaiting(flight)
                unsafe queues.forget(flight)
                unsafe flights.release(flight)
            }
            var (requests, rows, bytes) = (0, 0, 0)
            for index in unsafe live.indices {
                let flight = unsafe live[index].pointee
                unsafe bytes += flight.bytes
                guard unsafe flight.rowsTaken < flight.rows else { continue }
                requests += 1
                unsafe rows += flight.rows - flight.rowsTaken
            }
            #expect(queues.requests == requests)
            #expect(queues.rows == rows)
            #expect(queues.bytes == bytes)
        }
    }
}
