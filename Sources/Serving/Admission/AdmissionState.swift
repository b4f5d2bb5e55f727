/// What an admission changes from request to request.
struct AdmissionState {
    /// The models that serve, and those that flights still need.
    var tables: HeldTables
    /// What was admitted since the last dispatch, by service.
    var waiting: [PendingFlights] = []
    /// The same while it is dispatched.
    var dispatched: [PendingFlights] = []
    /// What was found about the last request that may come again.
    var repeated = RepeatedRequest()

    init(tables: HeldTables) {
        self.tables = tables
        waiting.reserveCapacity(16)
        dispatched.reserveCapacity(16)
    }
}
