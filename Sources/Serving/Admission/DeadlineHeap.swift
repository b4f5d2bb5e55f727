/// Flights by deadline, soonest first: a binary heap whose entries know their place, so that a
/// finished flight leaves in O(log n).
///
/// Used by the deck's lane alone.
@safe
package struct DeadlineHeap {
    private var flights: [FlightPointer] = unsafe []

    /// Room for `capacity` flights.
    package init(capacity: Int) {
        unsafe flights.reserveCapacity(capacity)
    }

    /// The soonest deadline, or nil.
    package var soonest: UInt64? { unsafe flights.first?.pointee.deadline }

    /// The flight of the soonest deadline, or nil.
    package var first: FlightPointer? { unsafe flights.first }

    /// Puts a flight in; it is in no heap yet.
    package mutating func insert(_ flight: FlightPointer) {
        unsafe precondition(flight.pointee.heapPosition < 0)
        unsafe flights.append(flight)
        unsafe flight.pointee.heapPosition = flights.count - 1
        unsafe rise(flights.count - 1)
    }

    /// Takes a flight out; nothing happens when it is not in.
    package mutating func remove(_ flight: FlightPointer) {
        let position = unsafe flight.pointee.heapPosition
        guard position >= 0 else { return }
        unsafe flight.pointee.heapPosition = -1
        guard let last = unsafe flights.popLast(), unsafe last != flight else { return }
        unsafe flights[position] = unsafe last
        unsafe last.pointee.heapPosition = position
        rise(position)
        sink(unsafe last.pointee.heapPosition)
    }

    private mutating func rise(_ start: Int) {
        var position = start
        while position > 0 {
            let parent = (position - 1) / 2
            guard isSooner(position, than: parent) else { return }
            swap(position, parent)
            position = parent
        }
    }

    private mutating func sink(_ start: Int) {
        var position = start
        while true {
            var soonest = position
            for child in (2 * position + 1)...(2 * position + 2)
            where unsafe child < flights.count && isSooner(child, than: soonest) {
                soonest = child
            }
            guard soonest != position else { return }
            swap(position, soonest)
            position = soonest
        }
    }

    private func isSooner(_ left: Int, than right: Int) -> Bool {
        unsafe flights[left].pointee.deadline < flights[right].pointee.deadline
    }

    private mutating func swap(_ left: Int, _ right: Int) {
        unsafe flights.swapAt(left, right)
        unsafe flights[left].pointee.heapPosition = left
        unsafe flights[right].pointee.heapPosition = right
    }
}
