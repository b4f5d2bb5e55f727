import Lanes
import Messages
import Serving

/// Flights to queue, from a deck of their own.
@safe
struct Flights {
    private let deck: FlightDeck

    init(capacity: Int = 64) { deck = FlightDeck(capacity: capacity, bell: .atStart()) }

    /// A flight of so many rows.
    func make(
        _ priority: Priority = .standard,
        rows: Int = 1,
        bytes: Int = 1,
        arrival: UInt64 = 0,
        deadline: UInt64 = .max
    ) -> FlightPointer {
        guard let flight = unsafe deck.claim() else { preconditionFailure("the deck is full") }
        unsafe flight.pointee.priority = priority
        unsafe flight.pointee.rows = rows
        unsafe flight.pointee.bytes = bytes
        unsafe flight.pointee.arrival = arrival
        unsafe flight.pointee.deadline = deadline
        unsafe flight.pointee.rowsTaken = 0
        unsafe flight.pointee.rowsDone = 0
        return unsafe flight
    }

    func release(_ flight: FlightPointer) { unsafe deck.release(flight) }
}

/// A piece of a micro-batch, to compare: the flight's slot, first row, rows.
struct Piece: Equatable, CustomStringConvertible {
    var slot: Int
    var first: Int
    var rows: Int
    var description: String { "\(slot)[\(first)..<\(first + rows)]" }

    init(_ flight: FlightPointer, _ first: Int, _ rows: Int) {
        slot = unsafe flight.pointee.slot
        self.first = first
        self.rows = rows
    }

    init(_ segment: BatchQueues.Segment) {
        unsafe self.init(segment.flight, segment.firstRow, segment.rows)
    }
}

extension BatchQueues {
    /// The next micro-batch of up to `limit` rows.
    mutating func pieces(_ limit: Int, now: UInt64 = 0) -> [Piece] {
        var segments: [Segment] = []
        let rows = take(limit: limit, now: now, into: &segments)
        precondition(rows == segments.reduce(0) { $0 + $1.rows })
        return segments.map { Piece($0) }
    }
}
