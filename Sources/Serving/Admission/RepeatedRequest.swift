internal import Messages

/// What admission found out about a request, for those that say the same.
@safe
struct RepeatedRequest {
    // Safe because the service and its plans live as long as the table of `generation`, and are
    // not looked at once another has come.
    /// Number of the roster table that it holds for; 0: for none.
    var generation = 0
    var service: Unmanaged<ModelService>?
    var plan: Unmanaged<AnswerPlan>?
    var rows = 0
    var coverage = 0.0
    var prior = Double.nan
    var isRaw = false
    var stream = 0
    var priority = Priority.standard
    /// Bytes of its tensor.
    var bytes = 0
    /// Time from the read to the deadline, nanoseconds.
    var allowed: UInt64 = 0

    /// Nothing is known.
    init() {}

    /// Of an admitted flight with one dense input of `bytes` bytes and a plan that the service keeps.
    init(_ flight: FlightPointer, bytes: Int) {
        generation = unsafe flight.pointee.generation
        unsafe service = unsafe flight.pointee.service
        unsafe plan = unsafe flight.pointee.plan
        rows = unsafe flight.pointee.rows
        coverage = unsafe flight.pointee.coverage
        prior = unsafe flight.pointee.prior
        isRaw = unsafe flight.pointee.isRaw
        stream = unsafe flight.pointee.stream
        priority = unsafe flight.pointee.priority
        self.bytes = bytes
        allowed = unsafe flight.pointee.deadline - flight.pointee.arrival
    }

    /// Fills a flight whose only tensor starts at `base`.
    func fill(_ flight: FlightPointer, from base: UnsafeRawPointer, arrival: UInt64) {
        unsafe flight.pointee.service = unsafe service
        unsafe flight.pointee.plan = unsafe plan
        unsafe flight.pointee.rows = rows
        unsafe flight.pointee.inputs[0] = unsafe base
        unsafe flight.pointee.splits[0] = nil
        unsafe flight.pointee.wideColumns = 0
        unsafe flight.pointee.eventIds = nil
        unsafe flight.pointee.coverage = coverage
        unsafe flight.pointee.prior = prior
        unsafe flight.pointee.isRaw = isRaw
        unsafe flight.pointee.stream = stream
        unsafe flight.pointee.priority = priority
        unsafe flight.pointee.bytes = bytes
        unsafe flight.pointee.arrival = arrival
        unsafe flight.pointee.deadline = arrival + allowed
    }
}
