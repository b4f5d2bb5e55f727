/// Flights of one service that were admitted and not dispatched, oldest first.
@safe
struct PendingFlights {
    let service: Unmanaged<ModelService>
    private(set) var first: FlightPointer?
    private var last: FlightPointer
    /// Events of all of them.
    private(set) var rows: Int

    init(service: Unmanaged<ModelService>, first: FlightPointer) {
        unsafe self.service = unsafe service
        unsafe self.first = unsafe first
        unsafe last = unsafe first
        unsafe rows = first.pointee.rows
    }

    mutating func append(_ flight: FlightPointer) {
        unsafe last.pointee.next = unsafe flight
        unsafe last = unsafe flight
        unsafe rows &+= flight.pointee.rows
    }

    /// Takes the oldest flight out, or nil.
    mutating func popFirst() -> FlightPointer? {
        guard let flight = unsafe first else { return nil }
        unsafe first = unsafe flight.pointee.next
        unsafe flight.pointee.next = nil
        return unsafe flight
    }
}
