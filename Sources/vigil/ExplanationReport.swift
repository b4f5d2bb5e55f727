/// The object that `vigil explain --json` prints.
struct ExplanationReport: Encodable {
    struct Event: Encodable {
        let event: Int
        let event_id: UInt64?
        @JSONNumber var score: Double
        let base: JSONNumber?
        let residual: JSONNumber?
        /// One of each feature, in their order.
        let shares: [JSONNumber]
        let errors: [JSONNumber]?
        let inputs: [JSONNumber]?
    }

    let model: String
    let version: String
    let digest: String
    let output: String
    let unit: String
    let method: String
    let evaluations: Int
    let background: String?
    let gradient: String?
    let features: [String]
    let events: [Event]

    init(_ explained: ExplainedEvents) {
        model = explained.model
        version = explained.version
        digest = explained.digest
        output = explained.output
        unit = explained.unit
        method = explained.method
        evaluations = explained.evaluations
        background = explained.background
        gradient = explained.gradient
        features = explained.features
        events = explained.events.map { event in
            Event(
                event: event.row,
                event_id: event.id,
                score: event.score,
                base: event.base.map(JSONNumber.init),
                residual: event.residual.map(JSONNumber.init),
                shares: event.shares.map(JSONNumber.init),
                errors: event.errors?.map(JSONNumber.init),
                inputs: event.inputs?.map(JSONNumber.init)
            )
        }
    }
}
