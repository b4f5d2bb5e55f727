/// What was counted of one kind of request.
struct Outcome {
    let kind: ReplayKind
    let replyBytes: Int
    /// Of each module, a request; empty when they were not counted.
    let allocations: [AllocationCounter.Share]

    /// One JSON object.
    var json: String {
        var fields = [
            "\"kind\": \"\(kind.name)\"",
            "\"requests\": \(kind.requests)",
            "\"lane\": \(kind.isOnLane)",
            "\"reply_bytes\": \(replyBytes / kind.requests)",
        ]
        for share in allocations {
            fields.append("\"\(share.module)\": \(share.count)")
            fields.append("\"\(share.module)_bytes\": \(share.bytes)")
        }
        return "  {" + fields.joined(separator: ", ") + "}"
    }
}
